using Xunit;

namespace Broadcasts.Deliveries;

public sealed class InFlightGateTests
{
    [Fact]
    public async Task TakeAsync_Room_IsTheLesserOfWantedAndFree()
    {
        var gate = new InFlightGate { Limit = 100 };

        Assert.Equal(30, await gate.TakeAsync(30, default));
        Assert.Equal(70, await gate.TakeAsync(500, default));
        Assert.Equal(100, gate.InFlight);
    }

    [Fact]
    public async Task TakeAsync_Cold_HasAsMuchMoreRoomAsWasAnswered()
    {
        var gate = new InFlightGate { Limit = 64 };
        gate.StartCold();
        var rooms = new List<int>();

        for (var i = 0; i < 8; i++)
        {
            rooms.Add(await gate.TakeAsync(500, default));
            for (var n = 0; n < rooms[i]; n++) gate.Answered();
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 64], rooms);
    }

    [Fact]
    public async Task TakeAsync_LittleIsFree_WaitsForAQuarter()
    {
        var gate = new InFlightGate { Limit = 100 };
        await gate.TakeAsync(100, default);

        var waiting = gate.TakeAsync(500, default).AsTask();
        gate.Release(24);
        Assert.False(waiting.IsCompleted);
        gate.Release();

        Assert.Equal(25, await waiting);
        Assert.Equal(100, gate.InFlight);
    }

    [Fact]
    public async Task TakeAsync_OneThatTakesAgainAtOnce_DoesNotOvertakeThoseWhoWait()
    {
        var gate = new InFlightGate { Limit = 64 };
        var greedy = await gate.TakeAsync(500, default);
        var other = gate.TakeAsync(500, default).AsTask();

        for (var i = 0; i < 3 && !other.IsCompleted; i++)
        {
            gate.Release(greedy);
            var again = gate.TakeAsync(500, default).AsTask();
            if (!again.IsCompleted) break;
            greedy = await again;
        }

        Assert.True(await Task.WhenAny(other, Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System)) == other, "The one that waited got no room.");
    }

    [Fact]
    public async Task TakeAsync_Cancelled_TakesNothing()
    {
        var gate = new InFlightGate { Limit = 10 };
        await gate.TakeAsync(10, default);
        using var stop = new CancellationTokenSource();
        var waiting = gate.TakeAsync(10, stop.Token).AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        gate.Release(10);
        Assert.Equal(0, gate.InFlight);
        Assert.Equal(10, await gate.TakeAsync(10, default));
    }

    [Fact]
    public async Task TakeAsync_ManyAtOnce_NeverMoreThanTheLimit()
    {
        var gate = new InFlightGate { Limit = 37 };
        var most = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                var taken = await gate.TakeAsync(1 + i % 50, default);
                InterlockedMax(ref most, gate.InFlight);
                await Task.Yield();
                gate.Release(taken);
            }
        })));

        Assert.InRange(most, 1, 37);
        Assert.Equal(0, gate.InFlight);
    }

    private static void InterlockedMax(ref int most, int seen)
    {
        for (var was = Volatile.Read(ref most); seen > was; was = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, seen, was) == was) return;
        }
    }
}
