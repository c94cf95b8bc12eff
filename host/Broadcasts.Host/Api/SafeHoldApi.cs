using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Whether this data may send, and what happens to a broadcast that comes too late.</summary>
internal static class SafeHoldApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var hold = api.MapGroup("/safe-hold").WithTags("Administration");
        hold.MapGet("", async (SafeHold safeHold) => Results.Ok(SafeHoldAnswer.Of(await safeHold.GetAsync()))).Needs(Permission.Read).Produces<SafeHoldAnswer>();
        hold.MapPost("release", ReleaseAsync).Needs(Permission.ManageSettings).Produces<SafeHoldAnswer>();

        api.MapPost("/local/doctor", async (DoctorOrder order, IServiceProvider services, CancellationToken cancellationToken) => Results.Ok(await new Doctor(services).LookAsync(order, cancellationToken)))
            .WithMetadata(new LocalOnly()).ExcludeFromDescription();

        var missed = api.MapGroup("/settings/missed-schedule").WithTags("Administration");
        missed.MapGet("", async (MissedSchedules policies) => Results.Ok(await policies.GetAsync())).Needs(Permission.Read).Produces<MissedSchedule>();
        missed.MapPut("", SetMissedAsync).Needs(Permission.ManageSettings).Produces<MissedSchedule>();
    }

    private static async Task<IResult> ReleaseAsync(SafeHold safeHold, DispatchSignal dispatch, HttpContext http)
    {
        // Nothing held is what the caller wanted.
        await safeHold.ReleaseAsync(http.Actor());
        dispatch.Set();
        return Results.Ok(SafeHoldAnswer.Of(await safeHold.GetAsync()));
    }

    private static async Task<IResult> SetMissedAsync(MissedSchedule policy, MissedSchedules policies, HttpContext http)
    {
        if (await policies.SetAsync(policy, http.Actor()) is { } problem) return ApiProblems.Invalid([problem]);
        return Results.Ok(policy);
    }
}

/// <summary>Whether this data may send.</summary>
/// <param name="Held">True: nothing is sent before a person agrees.</param>
/// <param name="Reason"><c>copied</c> or <c>restored</c>.</param>
/// <param name="Since">When it was noticed.</param>
internal sealed record SafeHoldAnswer(bool Held, string? Reason, DateTimeOffset? Since)
{
    public static SafeHoldAnswer Of(SafeHoldState? state) => state is null ? new(false, null, null) : new(true, state.Reason, DateTimeOffset.FromUnixTimeMilliseconds(state.Since));
}
