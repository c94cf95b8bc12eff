namespace Broadcasts.Audiences;

/// <summary>A condition over alias <c>c</c> of contacts, with its parameters.</summary>
internal sealed record SqlCondition(string Sql, IReadOnlyDictionary<string, object?> Parameters);
