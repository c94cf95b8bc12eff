namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Limits of the Cloud API as of 2026-11 (Meta, "Messages" and "Media" references).</summary>
internal static class Limits
{
    public const int Text = 4096;
    public const int Caption = 1024;
    public const int InteractiveBody = 1024;
    public const int Buttons = 3;
    public const int ButtonTitle = 20;
    public const int ListRows = 10;
    public const int RowTitle = 24;
    public const int FileName = 240;

    public const long ImageBytes = 5L << 20;
    public const long VideoBytes = 16L << 20;
    public const long AudioBytes = 16L << 20;
    public const long StickerBytes = 500L << 10;
    public const long DocumentBytes = 100L << 20;
}
