using System.Globalization;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>What every hand-over needs.</summary>
internal sealed partial class HandOverServices(
    RecipientLoader loader,
    LedgerWriter writer,
    Outcomes outcomes,
    MessageIds ids,
    MessageLinks links,
    RecipientSpacing spacing,
    TimeProvider time,
    ILogger<HandOver> logger)
{
    public RecipientLoader Loader => loader;

    public LedgerWriter Writer => writer;

    public Outcomes Outcomes => outcomes;

    public MessageIds Ids => ids;

    public MessageLinks Links => links;

    public RecipientSpacing Spacing => spacing;

    public TimeProvider Time => time;

    [LoggerMessage(Level = LogLevel.Error, Message = "A claim of broadcast {Broadcast} could not be handed over; its rows go back (claim {Claim})")]
    public partial void LogFault(Exception e, long broadcast, long claim);

    [LoggerMessage(Level = LogLevel.Error, Message = "The message of row {Row} could not be made; the row is skipped")]
    public partial void LogRender(Exception e, long row);
}

/// <summary>The ids under which providers know our messages: unique over installations, the same over attempts.</summary>
internal sealed class MessageIds(Database database)
{
    private const string GetSql = "SELECT value FROM settings WHERE name = 'installation'";

    private const string SetSql = "INSERT INTO settings (name, value) VALUES ('installation', @value) ON CONFLICT (name) DO NOTHING";

    private string _installation = "";

    /// <summary>Reads this installation's name, made at its first start. Call once after the migrations.</summary>
    public async Task InitializeAsync()
    {
        var fresh = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..8];
        if (await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string>(GetSql)) is null)
            await database.WriteAsync(t => t.Connection!.ExecuteAsync(SetSql, new { value = fresh }, t));
        _installation = await database.ReadAsync(c => c.QuerySingleAsync<string>(GetSql));
    }

    public string Of(long deliveryId) => string.Create(CultureInfo.InvariantCulture, $"{_installation}-{deliveryId}");

    /// <summary>The delivery of an id; null when it is another installation's or none.</summary>
    public long? Parse(string messageId) =>
        messageId.StartsWith(_installation + "-", StringComparison.Ordinal) && long.TryParse(messageId.AsSpan(_installation.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
