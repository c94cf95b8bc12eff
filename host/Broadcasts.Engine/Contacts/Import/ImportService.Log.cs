using Microsoft.Extensions.Logging;

namespace Broadcasts.Contacts.Import;

internal sealed partial class ImportService
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Import {Id} ended {Status}: {Rows} rows, {Invalid} of them invalid")]
    private static partial void Ended(ILogger log, long id, ImportStatus status, long rows, long invalid);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Import {Id} ended {Status}: {Rows} rows, {Invalid} of them invalid. {Error}")]
    private static partial void EndedEarly(ILogger log, long id, ImportStatus status, long rows, long invalid, string error);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "The end of import {Id} could not be recorded")]
    private static partial void NotRecorded(ILogger log, Exception exception, long id);
}
