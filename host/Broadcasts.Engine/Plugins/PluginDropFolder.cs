using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>
/// Installs what is put into a folder: <c>*.nupkg</c> goes to <c>installed/</c> below it, what is refused to <c>refused/</c> with the reason beside it. Whoever may write there may run code in this
/// service: the folder belongs to the service's account alone.
/// </summary>
internal sealed partial class PluginDropFolder(string folder, PluginVersions versions, TimeProvider time, ILogger<PluginDropFolder> log) : PeriodicWork(TimeSpan.FromSeconds(1), time, log)
{
    private const string Actor = "drop folder";

    // A file is taken when it is as it was a turn before: a copy that is still going on grows.
    private Dictionary<string, (long Length, DateTime Written)> _seen = new(StringComparer.Ordinal);

    // Files that could not be read or moved: said once.
    private readonly HashSet<string> _troubles = new(StringComparer.Ordinal);

    protected override string Purpose => "Looking into the drop folder for plugins";

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) return;
        var files = new DirectoryInfo(folder).EnumerateFiles("*.nupkg").OrderBy(f => f.Name, StringComparer.Ordinal).ToList();
        var before = _seen;
        _seen = files.ToDictionary(f => f.FullName, f => (f.Length, f.LastWriteTimeUtc), StringComparer.Ordinal);
        _troubles.RemoveWhere(t => !_seen.ContainsKey(t));
        foreach (var file in files.Where(f => before.TryGetValue(f.FullName, out var was) && was == (f.Length, f.LastWriteTimeUtc))) await TakeAsync(file, cancellationToken);
    }

    // One file's trouble holds up no other.
    private async Task TakeAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            if (await OpenAsync(file, cancellationToken) is not { } package) return;
            var installed = await versions.InstallAsync(package, Actor, activate: true, cancellationToken);
            LogInstalled(installed.Id, installed.Version, file.Name);
            Move(file, "installed");
        }
        catch (PluginRefusedException e)
        {
            await File.WriteAllTextAsync(Move(file, "refused") + ".txt", e.Message + Environment.NewLine, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (_troubles.Add(file.FullName)) LogTrouble(file.FullName, e.Message);
        }
    }

    /// <summary>Its bytes; null while somebody still writes it: the next turn looks again.</summary>
    private async Task<MemoryStream?> OpenAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.None);
            var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes, cancellationToken);
            bytes.Position = 0;
            return bytes;
        }
        catch (IOException)
        {
            _seen.Remove(file.FullName);
            return null;
        }
    }

    private string Move(FileInfo file, string to)
    {
        var target = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, to)).FullName, file.Name);
        if (File.Exists(target)) target = Path.Combine(folder, to, string.Create(CultureInfo.InvariantCulture, $"{Time.GetUtcNow():yyyyMMdd-HHmmssfff}-{file.Name}"));
        file.MoveTo(target);
        return target;
    }

    [LoggerMessage(1, LogLevel.Information, "Installed transport {Id} {Version} from {File} in the drop folder.")]
    private partial void LogInstalled(string id, string version, string file);

    [LoggerMessage(2, LogLevel.Error, "{File} in the drop folder can't be taken: {Why} The service's account must be allowed to read it and to move it; it is tried again each second")]
    private partial void LogTrouble(string file, string why);
}
