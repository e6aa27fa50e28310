using System.Globalization;
using System.Net;

namespace Mcpx.Tests.Egress;

/// <summary>Addresses by which somebody would like to reach what is not theirs, in every spelling that some parser takes.</summary>
internal static class HostileUrls
{
    private static readonly string[] Forbidden =
    [
        "127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "100.100.100.200", "198.18.0.1", "224.0.0.1", "255.255.255.255",
        "192.0.0.192", "127.8.8.8",
    ];

    private static readonly string[] Others =
    [
        "http://localhost/", "http://LOCALHOST:80/", "http://localhost./", "http://localhost.localdomain/", "http://ip6-localhost/", "http://internal.corp/", "http://INTERNAL.corp./",
        "http://mixed.corp/", "http://rebind.example/", "http://rebind.example:8080/", "http://metadata.google.internal/", "http://metadata/",
        "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]:80/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[fd20:ce::254]/",
        "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[64:ff9b:1::a00:1]/", "http://[::ffff:0:127.0.0.1]/",
        "http://127.1/", "http://127.0.1/", "http://0/", "http://0x7f.1/", "http://0177.1/", "http://0x7f000001.example@127.0.0.1/", "http://127.0.0.1.nip.io/", "http://1.1.1.1 &@127.0.0.1/",
        "http://example.com:80@127.0.0.1/", "http://example.com%2f@127.0.0.1/", "http://example.com#@127.0.0.1/", "http://127.0.0.1#@example.com/", "http://127.0.0.1?@example.com/",
        "http://127.0.0.1%00.example.com/", "http://127.0.0.1%09/", "http://127.0.0.1%0d%0aHost:%20x/", "http:\\\\127.0.0.1\\", "http:127.0.0.1/", "http:/127.0.0.1/", "http:///127.0.0.1/", "////127.0.0.1/",
        "//127.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/_x", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "data:text/plain,x", "javascript:alert(1)",
        "jar:http://127.0.0.1!/", "ws://127.0.0.1/", "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "http://", "http://./", "http://../", "http://..127.0.0.1/", "http://*/", "",
    ];

    public static IReadOnlyList<string> All { get; } = [.. Forbidden.SelectMany(Spellings).Concat(Others).Distinct(StringComparer.Ordinal)];

    private static IEnumerable<string> Spellings(string address)
    {
        byte[] b = IPAddress.Parse(address).GetAddressBytes();
        uint number = (uint)(b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]);
        yield return $"http://{address}/";
        yield return $"https://{address}:8443/mcp";
        yield return $"HTTP://{address}/";
        yield return $"http://{address}./";
        yield return $"http://{number}/";
        yield return $"http://0x{number:x8}/";
        yield return $"http://0{Convert.ToString(number, 8)}/";
        yield return $"http://0{Octal(b[0])}.0{Octal(b[1])}.0{Octal(b[2])}.0{Octal(b[3])}/";
        yield return $"http://0x{b[0]:x}.0x{b[1]:x}.0x{b[2]:x}.0x{b[3]:x}/";
        yield return $"http://{b[0]}.{b[1]}.{b[2] << 8 | b[3]}/";
        yield return $"http://{b[0]}.{b[1] << 16 | b[2] << 8 | b[3]}/";
        yield return $"http://{string.Concat(address.Select(c => $"%{(int)c:x2}"))}/";
        yield return $"http://{string.Concat(address.Select(c => char.IsAsciiDigit(c) ? (char)('０' + c - '0') : c))}/";
        yield return $"http://{address.Replace('.', '。')}/";
        yield return $"http://{address.Replace('.', '．')}/";
        yield return $"http://[::ffff:{address}]/";
        yield return $"http://[::ffff:{b[0]:x2}{b[1]:x2}:{b[2]:x2}{b[3]:x2}]/";
        yield return $"http://[::{address}]/";
        yield return $"http://[64:ff9b::{address}]/";
        yield return $"http://[2002:{b[0]:x2}{b[1]:x2}:{b[2]:x2}{b[3]:x2}::1]/";
        yield return $"http://example.com@{address}/";
        yield return $"http://example.com\\@{address}/";
        yield return $"http://{address}\\@example.com/";
        yield return $" http://{address}/ ";
        yield return $"http://{address}:80\\.example.com/";
    }

    private static string Octal(byte part) => Convert.ToString(part, 8).ToString(CultureInfo.InvariantCulture);
}
