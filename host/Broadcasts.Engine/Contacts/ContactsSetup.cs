using Broadcasts.Audiences;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Contacts;

/// <summary>The services of contacts and audiences.</summary>
internal static class ContactsSetup
{
    /// <summary>Needs a Database and a TimeProvider.</summary>
    public static IServiceCollection AddContacts(this IServiceCollection services) => services
        .AddSingleton<TagStore>()
        .AddSingleton<FieldStore>()
        .AddSingleton<ContactStore>()
        .AddSingleton<ContactQueries>()
        .AddSingleton<SuppressionStore>()
        .AddSingleton<SegmentStore>()
        .AddSingleton<SegmentQueries>();
}
