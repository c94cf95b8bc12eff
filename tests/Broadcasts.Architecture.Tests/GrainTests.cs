using System.Reflection;

namespace Broadcasts.Architecture.Tests;

/// <summary>What Orleans stores and sends must not depend on the names of our classes, and no two grains may share a row.</summary>
public sealed class GrainTests
{
    private static readonly Type[] Types =
        [.. typeof(EngineOptions).Assembly.GetTypes().Where(type => type.Namespace?.StartsWith("Broadcasts", StringComparison.Ordinal) == true)];

    private static IEnumerable<Type> GrainInterfaces => Types.Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type));

    [Fact]
    public void GrainInterfaces_All_HaveAnAlias() => Assert.All(GrainInterfaces, AssertAlias);

    [Fact]
    public void GrainMethods_All_HaveAnAliasOfTheirOwn() =>
        Assert.All(GrainInterfaces, type =>
        {
            var methods = type.GetMethods();
            Assert.All(methods, AssertAlias);
            Assert.Equal(methods.Length, methods.Select(AliasOf).Distinct(StringComparer.Ordinal).Count());
        });

    [Fact]
    public void SerialisedTypes_All_HaveAnAlias() =>
        Assert.All(Types.Where(type => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)), AssertAlias);

    [Fact]
    public void Aliases_OfTypes_AreUnique()
    {
        var aliases = Types.Select(AliasOf).OfType<string>().ToArray();

        Assert.Equal(aliases.Distinct(StringComparer.Ordinal), aliases);
    }

    [Fact]
    public void PersistentStates_All_HaveUniqueNames()
    {
        // The AdoNet provider's row key holds the state's name and the grain's key, not the grain's class (dotnet/orleans#9737).
        var names = Types.Where(type => typeof(IGrainBase).IsAssignableFrom(type) || typeof(Grain).IsAssignableFrom(type))
            .SelectMany(type => type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .SelectMany(constructor => constructor.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<PersistentStateAttribute>())
            .OfType<PersistentStateAttribute>()
            .Select(state => state.StateName)
            .ToArray();

        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
    }

    private static void AssertAlias(MemberInfo member) =>
        Assert.True(AliasOf(member) is { Length: > 0 }, $"{member.DeclaringType?.Name}.{member.Name} has no [Alias]: its name in stored data would change when it is renamed.");

    private static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias;
}
