using System.Buffers.Text;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Forms;

/// <summary>The forms.</summary>
internal sealed class FormStore(Database database, FormCheck check, AuditStore audit, TimeProvider time)
{
    private const int TokenBytes = 16;

    private const string Columns = """
        id AS Id, name AS Name, token AS Token, is_open AS IsOpen, title AS Title, consent AS Consent, thanks AS Thanks, redirect_url AS RedirectUrl, channel_id AS ChannelId, part AS Part,
        fields AS Fields, tags AS Tags, asked AS Asked, confirmed AS Confirmed, version AS Version, created_at AS CreatedAt, updated_at AS UpdatedAt
        """;

    private const string ListSql = $"SELECT {Columns} FROM forms WHERE id > @after ORDER BY id LIMIT @limit";

    /// <summary>A page behind the cursor.</summary>
    public Task<IReadOnlyList<SignUpForm>> ListAsync(long after, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<SignUpForm>>(async connection => (await connection.QueryAsync<SignUpForm>(new CommandDefinition(ListSql, new { after, limit }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string GetSql = $"SELECT {Columns} FROM forms WHERE id = @id";

    public Task<SignUpForm?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<SignUpForm?>(GetSql, new { id }), cancellationToken);

    private const string FindSql = $"SELECT {Columns} FROM forms WHERE token = @token";

    /// <summary>The form of an address that was given out; null when there is none.</summary>
    public Task<SignUpForm?> FindAsync(string token, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<SignUpForm?>(FindSql, new { token = token.Replace("\0", "", StringComparison.Ordinal) }), cancellationToken);

    private const string InsertSql = """
        INSERT INTO forms (name, name_key, token, is_open, title, consent, thanks, redirect_url, channel_id, part, fields, tags, created_by, created_at, updated_at)
        VALUES (@name, @key, @token, @open, @title, @consent, @thanks, @url, @channel, @part, @fields, @tags, @actor, @now, @now)
        RETURNING id
        """;

    public Task<(long Id, CommandResult Result)> CreateAsync(FormEdit edit, string actor, CancellationToken cancellationToken = default) => WriteAsync(edit, actor, async (transaction, values) =>
    {
        values.Add("token", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes)));
        var id = await transaction.Connection!.ExecuteScalarAsync<long>(InsertSql, values, transaction);
        await audit.AppendAsync(transaction, actor, "form.created", $"form/{id}", edit.Name, AuditDiff.Between(null, edit));
        return (id, new CommandResult { Version = 1 });
    }, cancellationToken);

    private const string UpdateSql = """
        UPDATE forms
           SET name = @name, name_key = @key, is_open = @open, title = @title, consent = @consent, thanks = @thanks, redirect_url = @url, channel_id = @channel, part = @part, fields = @fields, tags = @tags,
               version = version + 1, updated_at = @now
         WHERE id = @id AND version = @expected
        """;

    private const string VersionSql = "SELECT version FROM forms WHERE id = @id";

    public async Task<CommandResult> UpdateAsync(long id, FormEdit edit, int expectedVersion, string actor, CancellationToken cancellationToken = default) => (await WriteAsync(edit, actor, async (transaction, values) =>
    {
        values.Add("id", id);
        values.Add("expected", expectedVersion);
        var before = await transaction.Connection!.QuerySingleOrDefaultAsync<SignUpForm?>(GetSql, new { id }, transaction);
        if (await transaction.Connection!.ExecuteAsync(UpdateSql, values, transaction) == 0)
        {
            return (id, await transaction.Connection!.ExecuteScalarAsync<int?>(VersionSql, new { id }, transaction) is { } now
                ? new CommandResult { Code = CommandCode.Changed, Version = now, Message = $"Somebody changed the form '{edit.Name}' meanwhile: load it again and repeat your change." }
                : CommandResult.NotFound($"Form {id}"));
        }

        await audit.AppendAsync(transaction, actor, "form.updated", $"form/{id}", edit.Name, AuditDiff.Between(before?.ToEdit(), edit));
        return (id, new CommandResult { Version = expectedVersion + 1 });
    }, cancellationToken)).Result;

    private const string DeleteSql = "DELETE FROM forms WHERE id = @id";

    /// <summary>Deletes it. What people agreed to by it stays in the proof of their consent; links that were sent still confirm.</summary>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<SignUpForm?>(GetSql, new { id }, transaction) is not { } form) return CommandResult.NotFound($"Form {id}");
        await transaction.Connection!.ExecuteAsync(DeleteSql, new { id }, transaction);
        await audit.AppendAsync(transaction, actor, "form.deleted", $"form/{id}", form.Name, AuditDiff.Between(form.ToEdit(), null));
        return new CommandResult();
    }, cancellationToken);

    private async Task<(long Id, CommandResult Result)> WriteAsync(FormEdit edit, string actor, Func<DbTransaction, DynamicParameters, Task<(long, CommandResult)>> write, CancellationToken cancellationToken)
    {
        if (await check.CheckAsync(edit, cancellationToken) is { Length: > 0 } problems) return (0, CommandResult.Invalid(problems));
        var name = AddressNormalizer.Trim(edit.Name);
        try
        {
            return await database.WriteAsync(transaction => write(transaction, new DynamicParameters(new
            {
                name, key = name.ToLowerInvariant(), open = edit.IsOpen ? 1 : 0, title = edit.Title.Trim(), consent = edit.Consent.Trim(), thanks = Blank(edit.Thanks), url = Blank(edit.RedirectUrl), channel = edit.ChannelId,
                part = JsonSerializer.Serialize(edit.Part, BroadcastJson.Options), fields = JsonSerializer.Serialize(edit.Fields, BroadcastJson.Options),
                tags = JsonSerializer.Serialize(edit.Tags.Select(AddressNormalizer.Trim), BroadcastJson.Options), actor, now = time.Now(),
            })), cancellationToken);
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return (0, CommandResult.Invalid(new Problem("name", "formExists", $"There is a form '{name}' already: choose another name.", name)));
        }
    }

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
