using System.Text.Json;
using Orleans.Storage;

namespace Broadcasts.Storage;

/// <summary>Grain state as plain JSON: no type names in it that a rename would break.</summary>
internal sealed class GrainStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input));

    public T? Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input);
}
