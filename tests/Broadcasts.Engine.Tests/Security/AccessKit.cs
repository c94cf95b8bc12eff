using Broadcasts.Security;
using Broadcasts.Testing;
using Dapper;
using Microsoft.Extensions.Time.Testing;

namespace Broadcasts.Engine.Tests.Security;

/// <summary>The stores of people, roles, sessions and keys on a database of their own, with a clock that stands still.</summary>
internal sealed class AccessKit : IAsyncDisposable
{
    private readonly TestDatabase _test;

    private AccessKit(TestDatabase test)
    {
        _test = test;
        Users = new UserStore(test.Database, Time);
        Audit = new AuditStore(test.Database, Time);
        Links = new SignInLinkStore(test.Database, Time);
        Sessions = new Sessions(test.Database, Time);
        Roles = new RoleStore(test.Database, Audit, Sessions, Time);
        Keys = new ApiKeyStore(test.Database, Audit, Time);
        Accounts = new UserAccounts(test.Database, Users, Roles, Links, Sessions, Audit, Time);
        Factors = new SecondFactorStore(test.Database, new Reversed(), Sessions, Audit, Time);
    }

    public static Caller Owner { get; } = new("user:0", PermissionSet.Everything);

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    public UserStore Users { get; }

    public AuditStore Audit { get; }

    public SignInLinkStore Links { get; }

    public Sessions Sessions { get; }

    public RoleStore Roles { get; }

    public ApiKeyStore Keys { get; }

    public UserAccounts Accounts { get; }

    public SecondFactorStore Factors { get; }

    public static async Task<AccessKit> CreateAsync(string provider) => new(await TestDatabase.CreateAsync(provider));

    /// <summary>What another process of the same installation has.</summary>
    public Sessions OfAnotherProcess() => new(_test.Database, Time);

    public async Task<long> AddAsync(string email, UserRole role = UserRole.Owner)
    {
        var user = new User { Email = email, Name = email, Role = (int)role };
        await Users.CreateAsync(user);
        return user.Id;
    }

    public Task ExecuteAsync(string sql) => _test.Database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, transaction: t));

    public Task<T?> ReadAsync<T>(string sql) => _test.Database.ReadAsync(c => c.QuerySingleOrDefaultAsync<T?>(sql));

    public ValueTask DisposeAsync() => _test.DisposeAsync();

    private sealed class Reversed : ISecretProtector
    {
        public string Protect(string plain) => "!" + new string([.. plain.Reverse()]);

        public string Unprotect(string cipher) => new([.. cipher[1..].Reverse()]);
    }
}
