using System.Globalization;
using System.Net.Mail;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>A person for the console.</summary>
internal sealed record UserBody
{
    public required string Email { get; init; }

    public string? Name { get; init; }

    public UserRole Role { get; init; } = UserRole.Viewer;
}

/// <summary>People, for commands on this machine alone.</summary>
internal static class UsersApi
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapPost("/local/users", async (UserBody body, UserStore users, SignInLinkStore links, AuditStore audit, TimeProvider time) =>
        {
            var (path, problem) = await AddAsync(body, users, links, audit, time);
            return path is null ? ApiProblems.Invalid("email", "invalid", problem!) : Results.Ok(new { path });
        }).WithMetadata(new LocalOnly()).ExcludeFromDescription();

    /// <summary>The path of a link that signs the person in once, or what is wrong.</summary>
    public static async Task<(string? Path, string? Problem)> AddAsync(UserBody body, UserStore users, SignInLinkStore links, AuditStore audit, TimeProvider time)
    {
        if (!MailAddress.TryCreate(body.Email, out var address) || address.Address != body.Email.Trim()) return (null, $"'{body.Email}' is not an e-mail address.");
        var email = address.Address;
        if (await users.FindByEmailAsync(email) is null)
        {
            var user = new User { Email = email, Name = body.Name ?? email, Role = body.Role, SecurityStamp = Guid.NewGuid().ToString("N"), CreatedAt = time.Now() };
            if (await users.CreateAsync(user)) await audit.AppendAsync("cli", "user.add", string.Create(CultureInfo.InvariantCulture, $"user:{user.Id}"), $"{email} {body.Role}", AuditDiff.Between(null, new { email, user.Name, body.Role }), CancellationToken.None);
        }

        if (await users.FindByEmailAsync(email) is not { DisabledAt: null } known) return (null, $"{email} is disabled.");
        return ($"/link/{await links.CreateAsync(SignInLinkPurpose.SignIn, known.Id)}", null);
    }
}
