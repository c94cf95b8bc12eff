using Broadcasts.Broadcasting;

namespace Broadcasts.Host.CommandLine;

/// <summary>What is wrong with a message or a channel, in the words of whoever typed the command: options in place of paths.</summary>
internal static class SendWords
{
    private static readonly (string Path, string Option)[] Options =
    [
        ("parts[0].subject", "--subject"), ("parts[0].text", "--template"), ("parts[0].html", "--html"), ("parts[0].from", "--from"), ("sendRate", "--rate"), ("settings.", "--set "),
    ];

    /// <summary>All of them, a line each.</summary>
    public static string Of(IEnumerable<Problem> problems) => string.Join('\n', problems.Select(Of));

    private static string Of(Problem problem)
    {
        var text = problem.Path.Length == 0 || problem.Message.StartsWith(problem.Path, StringComparison.Ordinal) ? problem.Message : $"{problem.Path}: {problem.Message}";
        foreach (var (path, option) in Options)
            if (text.StartsWith(path, StringComparison.Ordinal)) return option + text[path.Length..];
        return text;
    }
}
