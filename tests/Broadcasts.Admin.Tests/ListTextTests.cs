using Broadcasts.Admin.Forms;

namespace Broadcasts.Admin.Tests;

public sealed class ListTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" , ,", "")]
    [InlineData("a", "a")]
    [InlineData(" a , b ", "a|b")]
    [InlineData("\"a, b\", c", "a, b|c")]
    [InlineData("\"say \"\"yes\"\"\", 5\" disk", "say \"yes\"|5\" disk")]
    [InlineData("\"never closed, all of it", "never closed, all of it")]
    [InlineData("\"a\" rest, b", "a|b")]
    public void Read_WhatSomebodyTyped_IsTheValues(string text, string values) => Assert.Equal(values, string.Join('|', ListText.Read(text)));

    [Fact]
    public void Write_AnyValues_AreReadBack()
    {
        string[] values = ["Madrid", "Paris, Texas", " blank", "\"quoted\"", "5\" disk", "a,\"b\",c"];
        Assert.Equal(values, ListText.Read(ListText.Write(values)));
    }
}
