using Xunit.Sdk;

namespace Broadcasts;

/// <summary>Waits for an effect, never for a time.</summary>
internal static class Until
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public static Task TrueAsync(Func<bool> isSo, string what, int seconds = 30) => TrueAsync(() => Task.FromResult(isSo()), () => what, seconds);

    public static async Task TrueAsync(Func<Task<bool>> isSo, Func<string> what, int seconds = 30)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(start).TotalSeconds > seconds) throw new XunitException($"Waited {seconds} s in vain: {what()}");
            await Task.Delay(Look, TimeProvider.System);
        }
    }
}
