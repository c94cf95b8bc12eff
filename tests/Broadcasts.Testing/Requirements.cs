using Xunit;

namespace Broadcasts.Testing;

/// <summary>Programs and servers that tests/run.sh provides through the environment.</summary>
/// <remarks>Without one the test is skipped and says how to get it. With CI=true it fails instead: a run that leaves something out is no proof.</remarks>
public static class Requirements
{
    /// <summary>Connection string of a PostgreSQL role that may create databases.</summary>
    public static string Postgres => Require("BROADCASTS_TEST_POSTGRES", "a PostgreSQL server");

    /// <summary>Path of the Chromium browser.</summary>
    public static string Chromium => Require("BROADCASTS_TEST_CHROMIUM", "the Chromium browser");

    /// <summary>Path of Postfix' smtp-sink.</summary>
    public static string SmtpSink => Require("BROADCASTS_TEST_SMTP_SINK", "Postfix' smtp-sink");

    /// <summary>Path of libfaketime's library; null when it is not here.</summary>
    public static string? FakeTime => Environment.GetEnvironmentVariable("BROADCASTS_TEST_FAKETIME") is { Length: > 0 } path ? path : null;

    /// <summary>True in a run that must not leave anything out.</summary>
    public static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";

    private static string Require(string variable, string what)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value) return value;
        var reason = $"This test needs {what}: {variable} is not set. tests/run.sh provides it.";
        if (IsCi) Assert.Fail(reason);
        Assert.Skip(reason);
        return "";
    }
}
