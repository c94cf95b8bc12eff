using Microsoft.AspNetCore.Html;

namespace Broadcasts.Admin.Web;

/// <summary>The console's icons: 20 by 20, one stroke, drawn in the colour of the text around them.</summary>
internal static class Icon
{
    private static readonly Dictionary<string, HtmlString> Drawings = new Dictionary<string, string>
    {
        ["mark"] = "<circle cx='4.5' cy='15.5' r='1.9' fill='currentColor' stroke='none'/><path d='M4.5 9.5a6 6 0 0 1 6 6M4.5 4.5a11 11 0 0 1 11 11'/>",
        ["broadcast"] = "<path d='M3 12.5V8.6a1 1 0 0 1 .8-1L14 5v11.2L3.8 13.5a1 1 0 0 1-.8-1Z'/><path d='M6 14.2v2a1.3 1.3 0 0 0 1.3 1.3h.6a1.3 1.3 0 0 0 1.3-1.3V15M16.8 8.8v3.4'/>",
        ["people"] = "<circle cx='7.5' cy='7' r='2.7'/><path d='M2.5 16c.4-2.8 2.3-4.3 5-4.3s4.600 1.500 5 4.300M13 4.600a2.700 2.700 0 0 1 0 4.800M14.600 12c1.700.5 2.700 1.900 2.900 4'/>",
        ["person"] = "<circle cx='10' cy='6.8' r='3'/><path d='M4 16.500c.5-3.200 2.800-4.900 6-4.900s5.500 1.700 6 4.900'/>",
        ["segment"] = "<path d='M3 4.500h14l-5.400 6.300v4.900l-3.200-1.600v-3.300L3 4.500Z'/>",
        ["channel"] = "<path d='M3.500 5.500a1.500 1.500 0 0 1 1.500-1.500h10a1.500 1.500 0 0 1 1.500 1.500v6.500a1.500 1.500 0 0 1-1.500 1.500H9.500L6 16.500v-3H5a1.500 1.500 0 0 1-1.500-1.500V5.500Z'/>",
        ["plug"] = "<path d='M7 3v3.500M13 3v3.500M5 6.500h10V9a5 5 0 0 1-10 0V6.500ZM10 14v3.500'/>",
        ["gear"] = "<circle cx='10' cy='10' r='2.400'/><path d='M10 2.800v2M10 15.200v2M2.800 10h2M15.200 10h2M4.900 4.900l1.400 1.400M13.700 13.700l1.400 1.400M4.900 15.100l1.400-1.400M13.700 6.300l1.400-1.400'/>",
        ["plus"] = "<path d='M10 4v12M4 10h12'/>",
        ["search"] = "<circle cx='9' cy='9' r='5'/><path d='m13 13 4 4'/>",
        ["grip"] = "<g fill='currentColor' stroke='none'><circle cx='7.500' cy='5' r='1.300'/><circle cx='12.500' cy='5' r='1.300'/><circle cx='7.500' cy='10' r='1.300'/><circle cx='12.500' cy='10' r='1.300'/><circle cx='7.500' cy='15' r='1.300'/><circle cx='12.500' cy='15' r='1.300'/></g>",
        ["more"] = "<g fill='currentColor' stroke='none'><circle cx='4.500' cy='10' r='1.500'/><circle cx='10' cy='10' r='1.500'/><circle cx='15.500' cy='10' r='1.500'/></g>",
        ["close"] = "<path d='m5 5 10 10M15 5 5 15'/>",
        ["left"] = "<path d='m12 5-5 5 5 5'/>",
        ["right"] = "<path d='m8 5 5 5-5 5'/>",
        ["down"] = "<path d='m5 8 5 5 5-5'/>",
        ["up"] = "<path d='m5 12 5-5 5 5'/>",
        ["sort"] = "<path d='m6.500 8 3.500-3.500L13.500 8M6.500 12l3.500 3.500 3.500-3.500'/>",
        ["table"] = "<rect x='3' y='4' width='14' height='12' rx='1.500'/><path d='M3 8h14M3 12h14M8 8v8'/>",
        ["calendar"] = "<rect x='3' y='4.500' width='14' height='12' rx='1.500'/><path d='M3 8.500h14M7 2.800v3M13 2.800v3'/>",
        ["pencil"] = "<path d='m4 16 .7-3.300 8.600-8.600a1.500 1.500 0 0 1 2.100 0l.5.5a1.500 1.500 0 0 1 0 2.100l-8.600 8.600L4 16Z'/>",
        ["clock"] = "<circle cx='10' cy='10' r='6.800'/><path d='M10 6v4.200l2.700 1.600'/>",
        ["live"] = "<circle cx='10' cy='10' r='2' fill='currentColor' stroke='none'/><path d='M6.300 13.700a5.200 5.200 0 0 1 0-7.400M13.700 6.300a5.200 5.200 0 0 1 0 7.400M4 16a8.500 8.500 0 0 1 0-12M16 4a8.500 8.500 0 0 1 0 12'/>",
        ["pause"] = "<path d='M7 5v10M13 5v10' stroke-width='2.200'/>",
        ["play"] = "<path d='M6.500 4.500v11l9-5.500-9-5.500Z'/>",
        ["check"] = "<path d='m4.500 10.500 3.700 3.700 7.300-8'/>",
        ["checks"] = "<path d='m2 10.500 3.500 3.700 6.500-8M9 13l1.200 1.200 7-8'/>",
        ["ban"] = "<circle cx='10' cy='10' r='6.800'/><path d='m5.300 5.300 9.400 9.400'/>",
        ["alert"] = "<path d='M10 3.500 17.500 16.500h-15L10 3.500Z'/><path d='M10 8.300v3.900M10 14.300v.1'/>",
        ["info"] = "<circle cx='10' cy='10' r='6.800'/><path d='M10 9.300v4.200M10 6.500v.1'/>",
        ["eye"] = "<path d='M2.500 10S5.300 5 10 5s7.500 5 7.500 5-2.800 5-7.500 5-7.500-5-7.500-5Z'/><circle cx='10' cy='10' r='2.200'/>",
        ["skip"] = "<path d='M3.500 12a6.500 6.500 0 0 1 12.200-2.500M16 5.500v4.200h-4.200'/><path d='M4 15.500h.1M8 15.500h.1M12 15.500h.1' stroke-width='2'/>",
        ["question"] = "<circle cx='10' cy='10' r='6.800'/><path d='M8 8.200c.2-1.200 1-1.900 2.100-1.900 1.200 0 2 .7 2 1.700 0 1.500-2.100 1.700-2.100 3.200M10 13.600v.1'/>",
        ["copy"] = "<rect x='7' y='7' width='9.500' height='9.500' rx='1.500'/><path d='M13 7V5a1.500 1.500 0 0 0-1.500-1.500H5A1.500 1.500 0 0 0 3.500 5v6.500A1.500 1.500 0 0 0 5 13h2'/>",
        ["trash"] = "<path d='M4 6h12M8 6V4h4v2M5.500 6l.7 10.500h7.600L14.500 6M8.500 9v4.500M11.500 9v4.500'/>",
        ["archive"] = "<path d='M3 4h14v3.500H3zM4.500 7.500V16h11V7.500M8 10.500h4'/>",
        ["retry"] = "<path d='M16 10a6 6 0 1 1-1.900-4.400M16.300 3.500v3.300H13'/>",
        ["send"] = "<path d='M3 9.700 17 3.500l-4.600 13.200-3-5.200L3 9.700ZM9.400 11.500 17 3.500'/>",
        ["gauge"] = "<path d='M3.500 14.500a7.200 7.200 0 1 1 13 0M10 11.500l3-3.800'/><circle cx='10' cy='12' r='1' fill='currentColor' stroke='none'/>",
        ["upload"] = "<path d='M10 13V4M6.500 7 10 3.500 13.500 7M3.500 13v2A1.500 1.500 0 0 0 5 16.500h10a1.500 1.500 0 0 0 1.500-1.500v-2'/>",
        ["download"] = "<path d='M10 3.500v9M6.500 9.300 10 12.800l3.500-3.500M3.500 13v2A1.500 1.500 0 0 0 5 16.500h10a1.500 1.500 0 0 0 1.500-1.500v-2'/>",
        ["file"] = "<path d='M5 3h6.500L15.500 7v10H5V3ZM11.500 3v4h4'/>",
        ["text"] = "<path d='M4 5.500h12M4 10h12M4 14.500h7'/>",
        ["choices"] = "<rect x='3.500' y='4' width='13' height='3.600' rx='1.800'/><rect x='3.500' y='10' width='13' height='3.600' rx='1.800'/><path d='M6 16.500h8'/>",
        ["template"] = "<rect x='3.500' y='3.500' width='13' height='13' rx='1.500'/><path d='M3.500 8h13M7 11h6M7 13.500h4'/>",
        ["mail"] = "<rect x='3' y='4.500' width='14' height='11' rx='1.500'/><path d='m3.500 6 6.500 5 6.500-5'/>",
        ["tag"] = "<path d='M3.500 4.500v5l7 7 6-6-7-7h-5a1 1 0 0 0-1 1Z'/><circle cx='7' cy='7' r='1' fill='currentColor' stroke='none'/>",
        ["sun"] = "<circle cx='10' cy='10' r='3.200'/><path d='M10 2.500v1.800M10 15.700v1.800M2.500 10h1.800M15.700 10h1.800M4.700 4.700 6 6M14 14l1.300 1.300M4.700 15.300 6 14M14 6l1.300-1.300'/>",
        ["moon"] = "<path d='M16 11.800A6.500 6.500 0 0 1 8.200 4a6.500 6.500 0 1 0 7.800 7.800Z'/>",
        ["contrast"] = "<circle cx='10' cy='10' r='6.800'/><path d='M10 3.200a6.800 6.800 0 0 1 0 13.600Z' fill='currentColor'/>",
        ["globe"] = "<circle cx='10' cy='10' r='6.800'/><path d='M3.200 10h13.600M10 3.200c2 2 2.800 4.200 2.800 6.800S12 14.800 10 16.800C8 14.800 7.200 12.600 7.200 10S8 5.200 10 3.200Z'/>",
        ["exit"] = "<path d='M8 4H5a1.500 1.500 0 0 0-1.500 1.500v9A1.500 1.500 0 0 0 5 16h3M12.500 6.500 16 10l-3.500 3.500M16 10H7.500'/>",
        ["key"] = "<circle cx='7' cy='13' r='3.500'/><path d='m9.500 10.500 7-7M13.500 6.500l2.500 2.500'/>",
        ["list"] = "<path d='M7 5.500h10M7 10h10M7 14.500h10M3.500 5.500h.1M3.500 10h.1M3.500 14.500h.1'/>",
        ["history"] = "<path d='M3.500 10a6.500 6.500 0 1 0 2-4.700L3.500 7.200M3.500 3.500v3.700h3.700M10 6.500V10l2.500 1.500'/>",
        ["open"] = "<path d='M11.500 4H16v4.500M16 4l-7 7M13 11.500V15a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h3.500'/>",
        ["phone"] = "<path d='M5 3.500h2.500L9 7.200 7.300 8.500a9 9 0 0 0 4.200 4.200l1.300-1.700 3.700 1.500V15a1.500 1.500 0 0 1-1.500 1.500C8.700 16.500 3.500 11.300 3.500 5A1.500 1.500 0 0 1 5 3.500Z'/>",
        ["lock"] = "<rect x='4.500' y='9' width='11' height='7.500' rx='1.500'/><path d='M7 9V6.500a3 3 0 0 1 6 0V9'/>",
    }.ToDictionary(
        d => d.Key,
        d => new HtmlString($"<svg class='icon' viewBox='0 0 20 20' aria-hidden='true' focusable='false'>{d.Value}</svg>".Replace('\'', '"')));

    public static HtmlString Of(string name) => Drawings[name];

    public static IEnumerable<string> Names => Drawings.Keys;
}
