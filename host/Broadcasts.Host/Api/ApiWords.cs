using System.Net;
using System.Text.Json;

namespace Broadcasts.Host.Api;

/// <summary>Words of an enum in a query, as the API's JSON writes them.</summary>
internal static class ApiWords
{
    /// <summary>False, with the problem, when the word is none of them. No word is no condition.</summary>
    public static bool TryRead<T>(string name, string? word, out T? value, out IResult? problem) where T : struct, Enum
    {
        (value, problem) = (null, null);
        if (string.IsNullOrEmpty(word)) return true;
        foreach (var known in Enum.GetValues<T>())
        {
            if (!Write(known).Equals(word, StringComparison.OrdinalIgnoreCase)) continue;
            value = known;
            return true;
        }

        problem = ApiProblems.Of(HttpStatusCode.BadRequest, "unknownWord", $"{name}: '{word}' is not one of: {string.Join(", ", Enum.GetValues<T>().Select(Write))}.", name);
        return false;
    }

    private static string Write<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
