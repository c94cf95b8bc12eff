using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Broadcasts.Host.Hosting;

/// <summary>The key ring as files that only their owner can read.</summary>
internal sealed class FileKeyRepository(string folder) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.xml").Select(file => XElement.Load(file))] : [];

    public void StoreElement(XElement element, string friendlyName)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // Written aside and renamed: a key file is there as a whole or not at all.
        var path = Path.Combine(folder, $"{friendlyName}.xml");
        var aside = $"{path}.new";
        File.Delete(aside);
        using (var stream = new FileStream(aside, options))
        {
            element.Save(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, path);
    }
}
