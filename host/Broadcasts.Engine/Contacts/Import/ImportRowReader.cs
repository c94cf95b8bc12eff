namespace Broadcasts.Contacts.Import;

/// <summary>Turns rows of a file into contacts on their way into the database.</summary>
internal sealed class ImportRowReader(ImportMapping mapping, ImportOptions options)
{
    /// <summary>More different tags than this in one file: somebody mapped the wrong column.</summary>
    public const int MostTags = 1_000;

    private readonly bool _hasTags = mapping.Columns.Any(c => c.Target.Kind == ColumnKind.Tags);
    private readonly string[] _slugs = [.. mapping.Fields.Select(f => f.Slug)];
    private readonly TextPool _texts = new();
    private readonly HashSet<string> _tags = new(StringComparer.Ordinal);

    /// <summary>Leaves out a row that was counted before. What later rows are judged by is learnt from it all the same.</summary>
    public void Skip(CsvReader csv)
    {
        if (_hasTags && Fault(csv) is null) ReadColumns(csv, new ContactBatchRow { FieldSlugs = _slugs, FieldValues = new string?[_slugs.Length] });
    }

    public ContactBatchRow Read(CsvReader csv, RowCells cells)
    {
        var row = new ContactBatchRow { Number = csv.RowNumber, FieldSlugs = _slugs, FieldValues = new string?[_slugs.Length], Cells = cells, CellRange = (cells.Length, csv.FieldCount) };
        csv.CopyTo(cells);
        row.Error = Fault(csv) ?? ReadColumns(csv, row);
        if (row.Error is null && row.Addresses.Count == 0)
            row.Error = new RowError("", null, "noAddress", "The row has no address: nothing could ever reach this person.");
        return row;
    }

    private RowError? Fault(CsvReader csv)
    {
        switch (csv.Fault)
        {
            case CsvRowFault.TooLong:
                return new RowError("", null, "rowTooLong", $"The row is longer than {CsvReader.LongestRow} characters.");
            case CsvRowFault.UnclosedQuote:
                return new RowError("", null, "unclosedQuote", "A quote is opened in this row and not closed.");
            default:
                for (var i = mapping.HeaderCount; i < csv.FieldCount; i++)
                    if (!csv.IsBlank(i))
                        return new RowError("", RowError.Shorten(csv[i]), "raggedRow", $"The row has {csv.FieldCount} values, the header {mapping.HeaderCount} names. Put values that hold the delimiter in quotes.");
                return null;
        }
    }

    private RowError? ReadColumns(CsvReader csv, ContactBatchRow row)
    {
        foreach (var column in mapping.Columns)
        {
            // A row that ends early says nothing of the columns behind its end.
            if (column.Index >= csv.FieldCount) continue;
            if (csv.IsBlank(column.Index))
            {
                if (options.OverwriteWithBlank) Clear(column, row);
                continue;
            }

            var text = CsvText.Unguard(AddressNormalizer.Trim(csv[column.Index]));
            if (text.Length == 0) continue;
            if (text.Contains('\0', StringComparison.Ordinal))
                return new RowError(column.Header, RowError.Shorten(text), "character", "The value holds the character U+0000, which no database keeps.");
            if (Take(column, text, row) is { } refusal) return RowError.Of(column.Header, text, refusal);
        }

        return null;
    }

    // Addresses and tags add up, so a blank one takes nothing away.
    private static void Clear(ImportColumn column, ContactBatchRow row)
    {
        switch (column.Target.Kind)
        {
            case ColumnKind.Field:
                row.FieldValues[column.Slot] = "";
                break;
            case ColumnKind.FirstName:
                row.FirstName = "";
                break;
            case ColumnKind.LastName:
                row.LastName = "";
                break;
            case ColumnKind.FullName:
                (row.FirstName, row.LastName) = ("", "");
                break;
            case ColumnKind.Language:
                row.Language = "";
                break;
            case ColumnKind.Country:
                row.Country = "";
                break;
            case ColumnKind.TimeZone:
                row.TimeZone = "";
                break;
            default:
                break;
        }
    }

    private ValueRefusal? Take(ImportColumn column, string text, ContactBatchRow row)
    {
        switch (column.Target.Kind)
        {
            case ColumnKind.Address:
                return Address(column.Target.Address, text, row);
            case ColumnKind.Field:
                if (!FieldValues.TryNormalize(column.Field!, text, out var value, out var refusal)) return refusal;
                row.FieldValues[column.Slot] = value;
                return null;
            case ColumnKind.Tags:
                return Tags(text, row);
            case ColumnKind.TimeZone:
                row.TimeZone = ContactValues.TimeZone(text);
                return row.TimeZone is null ? new ValueRefusal("unknownTimeZone", "This is no time zone. Write one such as Europe/Madrid.") : null;
            case ColumnKind.Language:
                row.Language = ContactValues.Language(text);
                return null;
            case ColumnKind.Country:
                row.Country = ContactValues.Country(text);
                return null;
            default:
                return Name(column.Target.Kind, text, row);
        }
    }

    private static ValueRefusal? Name(ColumnKind kind, string text, ContactBatchRow row)
    {
        if (text.Length > ContactValues.LongestName) return new ValueRefusal("valueTooLong", $"A name has at most {ContactValues.LongestName} characters; this one has {text.Length}.");

        switch (kind)
        {
            case ColumnKind.FirstName:
                row.FirstName = text;
                break;
            case ColumnKind.LastName:
                row.LastName = text;
                break;
            default:
                // Where a whole name divides nobody can tell; first and last together are again what was written.
                var space = text.IndexOf(' ', StringComparison.Ordinal);
                (row.FirstName, row.LastName) = space < 0 ? (text, null) : (text[..space], text[(space + 1)..].TrimStart());
                break;
        }

        return null;
    }

    private ValueRefusal? Address(AddressKind kind, string text, ContactBatchRow row)
    {
        var country = kind is AddressKind.Phone or AddressKind.WhatsApp && row.Country is { Length: 2 } own && PhoneAddress.IsCountry(own) ? own : options.DefaultCountry;
        if (!AddressNormalizer.TryNormalize(kind, text, country, out var value, out var refusal)) return refusal;

        var key = new AddressKey(kind, value);
        if (!row.Addresses.Contains(key)) row.Addresses.Add(key);
        return null;
    }

    private ValueRefusal? Tags(string text, ContactBatchRow row)
    {
        var names = CsvText.SplitTags(text);
        foreach (var name in names)
        {
            if (name.Length > TagStore.LongestName) return new ValueRefusal("valueTooLong", $"A tag has at most {TagStore.LongestName} characters.");
            if (_tags.Count == MostTags && !_tags.Contains(TagStore.Key(name)))
                return new ValueRefusal("tooManyTags", $"The file holds more than {MostTags} different tags: is this column really one of tags?");
            _tags.Add(TagStore.Key(name));
        }

        for (var i = 0; i < names.Length; i++) names[i] = _texts.Of(names[i]);
        row.Tags = names;
        return null;
    }
}
