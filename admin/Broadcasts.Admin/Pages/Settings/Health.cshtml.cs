using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Health;
using Broadcasts.Security;

namespace Broadcasts.Admin.Pages.Settings;

[Needs(Permission.ManageSettings)]
internal sealed class HealthModel(HealthChecks health) : ConsolePage
{
    /// <summary>What needs somebody first.</summary>
    public IReadOnlyList<HealthCheck> Checks { get; private set; } = [];

    public HealthLevel Worst => Checks.Select(c => c.Level).DefaultIfEmpty().Max();

    public async Task OnGetAsync(CancellationToken cancellationToken) => Checks = [.. (await health.LookAsync(deep: false, cancellationToken)).OrderByDescending(c => c.Level)];

    public static (string Tone, string Icon) Look(HealthLevel level) => level switch
    {
        HealthLevel.Red => ("s-failed", "alert"),
        HealthLevel.Yellow => ("s-paused", "question"),
        _ => ("s-completed", "check"),
    };
}
