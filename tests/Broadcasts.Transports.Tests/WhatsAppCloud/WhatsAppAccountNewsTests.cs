using Broadcasts.Transports.WhatsAppCloud;
using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppAccountNewsTests : WhatsAppTests
{
    [Theory]
    [InlineData("APPROVED", true)]
    [InlineData("REINSTATED", true)]
    [InlineData("UNARCHIVED", true)]
    [InlineData("PAUSED", false)]
    [InlineData("DISABLED", false)]
    [InlineData("REJECTED", false)]
    [InlineData("PENDING", false)]
    [InlineData("PENDING_DELETION", false)]
    [InlineData("IN_APPEAL", false)]
    [InlineData("LIMIT_EXCEEDED", false)]
    [InlineData("ARCHIVED", false)]
    public async Task ReceiveAsync_TemplateStatus_SaysWhetherItCanBeSent(string state, bool isUsable)
    {
        var change = Assert.IsType<TemplateChange>(Assert.Single(await EventsAsync("message_template_status_update",
            $$$"""{"event":"{{{state}}}","message_template_id":594425479261596,"message_template_name":"order_ready","message_template_language":"es_MX","reason":"NONE","other_info":{"title":"FIRST_PAUSE","description":"d"}}""")));
        Assert.Equal(("order_ready", "es_MX", isUsable), (change.Name, change.Language, change.IsUsable));
        Assert.Equal($"{state}, FIRST_PAUSE, d", change.Detail);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1772366400), change.At);
    }

    [Theory]
    [InlineData("FLAGGED")]
    [InlineData("A_STATE_OF_NEXT_YEAR")]
    public async Task ReceiveAsync_TemplateIsFlaggedOrUnknown_IsNewsThatStopsNothing(string state)
    {
        var news = Assert.IsType<ChannelNews>(Assert.Single(await EventsAsync("message_template_status_update",
            $$$"""{"event":"{{{state}}}","message_template_name":"order_ready","message_template_language":"es_MX","disable_info":{"disable_date":"1775044800"}}""")));
        Assert.Null(news.Fault);
        Assert.Contains("order_ready", news.Detail, StringComparison.Ordinal);
        Assert.Contains(state, news.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReceiveAsync_TemplateQualityAndCategory_AreNews()
    {
        var quality = Assert.IsType<ChannelNews>(Assert.Single(await EventsAsync("message_template_quality_update",
            """{"previous_quality_score":"GREEN","new_quality_score":"YELLOW","message_template_name":"order_ready","message_template_language":"es_MX"}""")));
        var category = Assert.IsType<ChannelNews>(Assert.Single(await EventsAsync("template_category_update",
            """{"message_template_name":"order_ready","message_template_language":"es_MX","previous_category":"UTILITY","new_category":"MARKETING"}""")));
        Assert.Equal(("Template order_ready (es_MX): quality GREEN → YELLOW.", null), (quality.Detail, quality.Fault));
        Assert.Equal(("Template order_ready (es_MX): category UTILITY → MARKETING.", null), (category.Detail, category.Fault));
    }

    [Theory]
    [InlineData("""{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_waba":25}""", 2000)]
    [InlineData("""{"max_daily_conversations_per_business":"TIER_10K"}""", 10000)]
    [InlineData("""{"max_daily_conversation_per_phone":250,"max_phone_numbers_per_business":2}""", 250)]
    [InlineData("""{"max_daily_conversations_per_business":-1}""", null)]
    [InlineData("""{"max_daily_conversations_per_business":"TIER_UNLIMITED"}""", null)]
    public async Task ReceiveAsync_Capability_IsTheAccountsLimitOfRecipients(string value, int? recipients)
    {
        var change = Assert.IsType<RecipientLimitChange>(Assert.Single(await EventsAsync("business_capability_update", value)));
        Assert.Equal((recipients, Account, TimeSpan.FromDays(1)), (change.Recipients, change.Account, change.Period));
    }

    [Fact]
    public async Task ReceiveAsync_NumbersQualityWithALimit_IsNewsAndTheLimit()
    {
        var events = await EventsAsync("phone_number_quality_update", """{"display_phone_number":"15550783881","event":"UPGRADE","current_limit":"TIER_2K","max_daily_conversations_per_business":"TIER_2K"}""");
        Assert.Equal("Number 15550783881: UPGRADE, TIER_2K", Assert.Single(events.OfType<ChannelNews>()).Detail);
        Assert.Equal(2000, Assert.Single(events.OfType<RecipientLimitChange>()).Recipients);
        Assert.Distinct(events.Select(e => e.Key));
    }

    [Theory]
    [InlineData("""{"display_phone_number":"15550783881","event":"FLAGGED","current_limit":"TIER_1K"}""")]
    [InlineData("""{"display_phone_number":"15550783881","event":"THROUGHPUT_UPGRADE","max_daily_conversations_per_business":"TIER_UNLIMITED"}""")]
    [InlineData("""{"display_phone_number":"15550783881","event":"ONBOARDING","max_daily_conversations_per_business":"TIER_NOT_SET"}""")]
    public async Task ReceiveAsync_NumbersQualityWithoutALimitOfRecipients_IsNewsAlone(string value) =>
        Assert.Null(Assert.IsType<ChannelNews>(Assert.Single(await EventsAsync("phone_number_quality_update", value))).Fault);

    [Theory]
    [InlineData("""{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE","waba_ban_date":"October 9, 2026"}}""", true)]
    [InlineData("""{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"SCHEDULE_FOR_DISABLE"}}""", false)]
    [InlineData("""{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"REINSTATE"}}""", false)]
    [InlineData("""{"event":"ACCOUNT_DELETED"}""", true)]
    [InlineData("""{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_ADD_PHONE_NUMBER_ACTION","expiration":1604703058},{"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING","expiration":1604703058}]}""", true)]
    [InlineData("""{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_CUSTOMER_INITIATED_MESSAGING"}]}""", true)]
    [InlineData("""{"event":"ACCOUNT_RESTRICTION"}""", true)]
    [InlineData("""{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_ADD_PHONE_NUMBER_ACTION"}]}""", false)]
    [InlineData("""{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_USER_INITIATED_CALLING"}]}""", false)]
    [InlineData("""{"event":"ACCOUNT_VIOLATION","violation_info":{"violation_type":"SCAM"}}""", false)]
    [InlineData("""{"event":"VERIFIED_ACCOUNT"}""", false)]
    [InlineData("""{"event":"AN_EVENT_OF_NEXT_YEAR"}""", false)]
    public async Task ReceiveAsync_AccountUpdate_StopsTheChannelWhenItStopsMessages(string value, bool stops)
    {
        var news = Assert.IsType<ChannelNews>(Assert.Single(await EventsAsync("account_update", value)));
        Assert.Equal(stops ? FailureReason.Policy : null, news.Fault);
        Assert.StartsWith("Account: ", news.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("account_alerts", """{"entity_type":"PHONE_NUMBER","alert_severity":"WARNING","alert_type":"INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED","alert_description":"words"}""", "words")]
    [InlineData("account_review_update", """{"decision":"REJECTED"}""", "REJECTED")]
    public async Task ReceiveAsync_AlertsAndReviews_AreNews(string field, string value, string words)
    {
        var news = Assert.IsType<ChannelNews>(Assert.Single(await EventsAsync(field, value)));
        Assert.Null(news.Fault);
        Assert.Contains(words, news.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("account_update", """{"event":"ACCOUNT_DELETED"}""")]
    [InlineData("message_template_status_update", """{"event":"PAUSED","message_template_name":"order_ready"}""")]
    [InlineData("business_capability_update", """{"max_daily_conversations_per_business":250}""")]
    public async Task ReceiveAsync_OfAnotherAccount_IsIgnored(string field, string value)
    {
        var result = await ReceiveAsync(Hook(field, value, account: "999"));
        Assert.Equal(200, result.Status);
        Assert.Empty(result.Events);
    }

    [Fact]
    public async Task ReceiveAsync_AccountNewsAgainAndLater_KeyIsTheSameForTheSameTimeAlone()
    {
        const string value = """{"event":"PAUSED","message_template_name":"order_ready","message_template_language":"es_MX"}""";
        var first = Assert.Single(await EventsAsync("message_template_status_update", value));
        var again = Assert.Single(await EventsAsync("message_template_status_update", value));
        var later = Assert.Single((await ReceiveAsync(Hook("message_template_status_update", value).Replace("1772366400", "1772377200", StringComparison.Ordinal))).Events);
        Assert.Equal(first.Key, again.Key);
        Assert.NotEqual(first.Key, later.Key);
    }

    [Theory]
    [InlineData("TIER_50", true, 50)]
    [InlineData("TIER_250", true, 250)]
    [InlineData("TIER_1K", true, 1000)]
    [InlineData("TIER_2K", true, 2000)]
    [InlineData("tier_10k", true, 10000)]
    [InlineData("TIER_100K", true, 100000)]
    [InlineData("TIER_1M", true, 1000000)]
    [InlineData("TIER_UNLIMITED", true, null)]
    [InlineData("UNLIMITED", true, null)]
    [InlineData("-1", true, null)]
    [InlineData("2000", true, 2000)]
    [InlineData("0", false, null)]
    [InlineData("-2", false, null)]
    [InlineData("TIER_NOT_SET", false, null)]
    [InlineData("TIER_", false, null)]
    [InlineData("K", false, null)]
    [InlineData("99999999999", false, null)]
    [InlineData("9999999K", false, null)]
    [InlineData(null, false, null)]
    public void TryRead_Limit_IsANumberOrNoLimit(string? text, bool isRead, int? recipients)
    {
        Assert.Equal(isRead, MessagingLimit.TryRead(text, out var read));
        Assert.Equal(recipients, read);
    }
}
