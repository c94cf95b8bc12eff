using System.Text.Json;
using Broadcasts.Storage;
using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.Engine.Tests.Storage;

/// <summary>The clauses in which the databases differ mean the same on both.</summary>
public sealed class SqlDialectTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Rows_OfOneParameter_AreATableWithTypes(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider, migrate: false);
        var dialect = test.Database.Dialect;
        var sql = $"SELECT v.id, v.n, v.name FROM {dialect.Rows("@rows", "v", ("id", SqlType.BigInt), ("n", SqlType.Integer), ("name", SqlType.Text))} ORDER BY v.id";
        var rows = JsonSerializer.Serialize(new object?[][] { [7L << 32, 1, "it's \"quoted\" ñ 😀"], [9L << 32, null, null] });

        var read = (await test.Database.ReadAsync(c => c.QueryAsync<(long Id, int? N, string? Name)>(sql, new { rows }))).ToArray();

        Assert.Equal([(7L << 32, 1, "it's \"quoted\" ñ 😀"), (9L << 32, null, null)], read);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Rows_Empty_IsAnEmptyTable(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider, migrate: false);
        var sql = $"SELECT COUNT(*) FROM {test.Database.Dialect.Rows("@rows", "v", ("id", SqlType.BigInt))}";

        Assert.Equal(0, await test.Database.ReadAsync(c => c.ExecuteScalarAsync<long>(sql, new { rows = "[]" })));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task InList_Numbers_FindsThem(string provider)
    {
        await using var test = await PeopleAsync(provider);
        var dialect = test.Database.Dialect;

        Assert.Equal(["Ana", "Çelik"], await NamesAsync(test, dialect.InList("id", "@list"), new { list = dialect.List([1L, 3L, 99L]) }));
        Assert.Empty(await NamesAsync(test, dialect.InList("id", "@list"), new { list = dialect.List(Array.Empty<long>()) }));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task InList_Texts_FindsThem(string provider)
    {
        await using var test = await PeopleAsync(provider);
        var dialect = test.Database.Dialect;

        Assert.Equal(["100% [me]", "Ana"], await NamesAsync(test, dialect.InList("name", "@list"), new { list = dialect.List(["Ana", "100% [me]", "'"]) }));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Contains_WhateverPeopleType_IsTakenLiterally(string provider)
    {
        await using var test = await PeopleAsync(provider);

        Assert.Equal(["Ana"], await SearchAsync(test, "NA"));
        Assert.Equal(["100% [me]"], await SearchAsync(test, "0%"));
        Assert.Equal(["under_score"], await SearchAsync(test, "r_s"));
        Assert.Equal(["back\\slash"], await SearchAsync(test, "k\\s"));
        Assert.Empty(await SearchAsync(test, "a%a"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task JsonText_Member_IsTextOrNull(string provider)
    {
        await using var test = await PeopleAsync(provider);
        var dialect = test.Database.Dialect;

        Assert.Equal(["Ana"], await NamesAsync(test, $"{dialect.JsonText("data", "@name")} = 'Madrid'", new { name = "city" }));
        Assert.Equal(5, (await NamesAsync(test, $"{dialect.JsonText("data", "@name")} IS NULL", new { name = "nothing" })).Length);
    }

    private static Task<string[]> SearchAsync(TestDatabase test, string text) =>
        NamesAsync(test, test.Database.Dialect.Contains("name", "@text"), new { text = SqlDialect.LikePattern(text) });

    private static async Task<string[]> NamesAsync(TestDatabase test, string condition, object parameters)
    {
        var names = await test.Database.ReadAsync(c => c.QueryAsync<string>($"SELECT name FROM people WHERE {condition}", parameters));
        return [.. names.Order(StringComparer.Ordinal)];
    }

    private static async Task<TestDatabase> PeopleAsync(string provider)
    {
        var test = await TestDatabase.CreateAsync(provider, migrate: false);
        var dialect = test.Database.Dialect;
        await test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync($"CREATE TABLE people (id {dialect.MigrationVariables["identity"]}, name TEXT NOT NULL, data {dialect.MigrationVariables["json"]} NOT NULL)", transaction: t);
            foreach (var name in (string[])["Ana", "100% [me]", "Çelik", "under_score", "back\\slash"])
            {
                await t.Connection!.ExecuteAsync($"INSERT INTO people (name, data) VALUES (@name, {dialect.ToJson("@data")})",
                    new { name, data = name == "Ana" ? """{"city":"Madrid","n":1}""" : "{}" }, t);
            }
        });
        return test;
    }
}
