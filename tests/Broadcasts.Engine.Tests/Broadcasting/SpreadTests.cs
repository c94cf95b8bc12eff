using Broadcasts.Channels;
using Broadcasts.Contacts;
using Xunit;

namespace Broadcasts.Broadcasting;

/// <summary>What it is that holds a broadcast back.</summary>
public sealed class SpreadTests
{
    // Noon in UTC.
    private const long Start = 1_800_014_400_000;

    [Theory]
    [InlineData(null, null, null, nameof(SpreadLimit.None))]
    [InlineData(100, null, null, nameof(SpreadLimit.Channel))]
    [InlineData(null, 10, null, nameof(SpreadLimit.Own))]
    [InlineData(100, 10, null, nameof(SpreadLimit.Own))]
    [InlineData(10, 100, null, nameof(SpreadLimit.Channel))]
    [InlineData(100, 10, "20:00", nameof(SpreadLimit.Times))]
    public void LimitOf_RatesAndAWindow_IsTheOneThatCostsMost(int? channelPerSecond, int? ownPerSecond, string? opens, string expected)
    {
        var channel = new Channel { Id = 1, Name = "c", Transport = "t", AddressKind = AddressKind.Email, Settings = "{}", Status = ChannelStatus.Active, Rate = channelPerSecond is { } rate ? new SendRate(rate, 1000) : null };
        var broadcast = new Broadcast
        {
            RateCount = ownPerSecond, RatePerMs = ownPerSecond is null ? null : 1000,
            SendWindow = opens is null ? null : $$"""{"from":"{{opens}}","to":"23:00","timeZone":"UTC"}""",
        };
        var messages = new Dictionary<MessageShare, long> { [new(1, null, null)] = 10_000 };

        Assert.Equal(expected, $"{Spread.LimitOf(broadcast, [channel], messages, 1, new Dictionary<long, RecipientLimitView?>(), Start)}");
    }
}
