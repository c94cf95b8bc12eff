using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Security;

/// <summary>What the last look at the whole chain found.</summary>
internal sealed record AuditState
{
    /// <summary>When it ended, Unix milliseconds.</summary>
    public required long At { get; init; }

    /// <summary>The newest entry up to which all are whole; null for none.</summary>
    public AuditMark? Whole { get; init; }

    /// <summary>The first break; null when there is none.</summary>
    public AuditFault? Fault { get; init; }
}

/// <summary>Looks at the whole chain after the start and once a day, and when somebody asks. A break is an alert, told once.</summary>
internal sealed partial class AuditWatch(Database database, AuditCheck check, AuditStore audit, TimeProvider time, ILogger<AuditWatch> logger) : PeriodicWork(TimeSpan.FromMinutes(1), time, logger)
{
    private static readonly TimeSpan Often = TimeSpan.FromDays(1);

    private const string GetSql = "SELECT value FROM settings WHERE name = 'auditState'";

    private const string SetSql = "INSERT INTO settings (name, value) VALUES ('auditState', @value) ON CONFLICT (name) DO UPDATE SET value = @value";

    private bool _looked;

    protected override string Purpose => "Checking the audit";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        if (_looked && await StateAsync(cancellationToken) is { } state && Time.Now() - state.At < (long)Often.TotalMilliseconds) return;
        await LookAsync(cancellationToken);
        _looked = true;
    }

    /// <summary>What the last look found, of any process; null before the first.</summary>
    public Task<AuditState?> StateAsync(CancellationToken cancellationToken = default) => StateAsync(database, cancellationToken);

    /// <inheritdoc cref="StateAsync(CancellationToken)"/>
    public static async Task<AuditState?> StateAsync(Database database, CancellationToken cancellationToken) =>
        await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(GetSql, cancellationToken: cancellationToken)), cancellationToken) is { } json ? JsonSerializer.Deserialize<AuditState>(json, BroadcastJson.Options) : null;

    /// <summary>Looks now. What was whole the last time must still be there.</summary>
    public async Task<AuditState> LookAsync(CancellationToken cancellationToken = default)
    {
        var before = await StateAsync(cancellationToken);
        var found = await check.LookAsync(before?.Whole, cancellationToken: cancellationToken);
        var state = new AuditState { At = Time.Now(), Whole = found.Fault is null ? found.Newest : before?.Whole, Fault = found.Fault };
        await database.WriteAsync(async transaction =>
        {
            await transaction.Connection!.ExecuteAsync(SetSql, new { value = JsonSerializer.Serialize(state, BroadcastJson.Options) }, transaction);
            if (found.Fault is { } told && told != before?.Fault) await audit.AppendAsync(transaction, "system", "audit.broken", "audit", told.Said());
        }, cancellationToken);
        if (found.Fault is { } fault && fault != before?.Fault) LogBroken(fault.Said().Message);
        return state;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit was changed behind the program's back: {Fault} See 'broadcasts audit verify' and docs/audit.md")]
    private partial void LogBroken(string fault);
}
