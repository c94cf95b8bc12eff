namespace Broadcasts.Transports.FileDrop;

/// <summary>What a failed write means. Nothing was sent in any of these: the rename had not happened.</summary>
internal static class FileFault
{
    // HResult carries the raw errno on Unix and the Win32 code in its low word on Windows.
    private const int NoSpaceUnix = 28, QuotaUnix = 122, QuotaMac = 69, TooLargeUnix = 27, ReadOnlyUnix = 30;
    private const int DiskFullWindows = unchecked((int)0x80070070), HandleDiskFullWindows = unchecked((int)0x80070027), QuotaWindows = unchecked((int)0x8007050E);

    public static SendOutcome Classify(Exception error, string folder) => error switch
    {
        IOException { HResult: NoSpaceUnix or QuotaUnix or QuotaMac or TooLargeUnix or DiskFullWindows or HandleDiskFullWindows or QuotaWindows } =>
            SendOutcome.ChannelFault(FailureReason.StorageFull, $"No space is left for {folder}. Free some and resume the channel: {error.Message}"),
        IOException { HResult: ReadOnlyUnix } =>
            SendOutcome.ChannelFault(FailureReason.Misconfigured, $"{folder} is on a read-only file system."),
        UnauthorizedAccessException or DirectoryNotFoundException or FileNotFoundException or PathTooLongException or NotSupportedException =>
            SendOutcome.ChannelFault(FailureReason.Misconfigured, $"The folder {folder} can't be written to: {error.Message}"),
        _ => SendOutcome.ChannelFault(FailureReason.StorageFull, $"Writing to {folder} failed: {error.Message}"),
    };
}
