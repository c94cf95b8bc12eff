using Broadcasts.Audiences;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Export;
using Broadcasts.Contacts.Forms;
using Broadcasts.Contacts.Import;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Contacts.Merge;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Contacts;

/// <summary>The services of contacts and audiences.</summary>
internal static class ContactsSetup
{
    /// <summary>Needs a Database, EngineOptions, a TimeProvider and logging.</summary>
    public static IServiceCollection AddContacts(this IServiceCollection services) => services
        .AddSingleton<TagStore>()
        .AddSingleton<FieldStore>()
        .AddSingleton<ContactStore>().AddSingleton<Interactions>().AddSingleton<ToldByProviders>()
        .AddSingleton<ContactQueries>()
        .AddSingleton<MergeStore>().AddSingleton<DuplicateQueries>()
        .AddSingleton<ContactExport>()
        .AddSingleton<SuppressionStore>().AddSingleton<SuppressionImport>().AddSingleton<SuppressionExport>()
        .AddSingleton<FormStore>().AddSingleton<FormCheck>().AddSingleton<Confirmations>()
        .AddSingleton<ConsentStore>().AddSingleton<InboundWords>().AddSingleton<MessagePreferences>()
        .AddSingleton<ImportStore>().AddSingleton<ImportUploads>().AddSingleton<ImportPreviews>().AddSingleton<ImportJobs>()
        .AddSingleton<ImportErrorsCsv>()
        .AddSingleton<ImportService>()
        .AddSingleton<ImportUndo>()
        .AddSingleton<JobStore>().AddSingleton<JobService>().AddSingleton<JobFile>().AddSingleton<JobContacts>()
        .AddSingleton<ContactChanges>().AddSingleton<ContactLines>().AddSingleton<ConsentLines>().AddSingleton<SuppressionLines>()
        .AddSingleton<SegmentStore>()
        .AddSingleton<SegmentQueries>();
}
