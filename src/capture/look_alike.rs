//! Files that people take for captures, and what to do about them.

/// A kind of file that no [`super::Reader`] can read, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LookAlike {
    /// With its article: `a ZIP file`.
    pub what: &'static str,
    /// A clause that says what to do.
    pub advice: &'static str,
}

/// Advice about a file that nobody knows.
pub(super) const ANY_CAPTURE: &str = "open a pcap or pcapng file, plain or compressed with gzip or zstd";

const UNPACK: &str = "unpack it and open the capture inside";
const DECOMPRESS: &str = "decompress it first (only gzip and zstd are read as they are)";
const CONVERT: &str = "convert it with `editcap -F pcapng`";
const NO_PACKETS: &str = "it tells about packets but does not contain them; save a pcap or pcapng file instead";
const TEXT_MODE: &str = "it was spoilt by a transfer in text mode; transfer it again in binary mode";
const TWICE: &str = "decompress it first (a compressed file is only read where it is finished and compressed once)";

/// First octets, what they are, what to do.
const MAGICS: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a ZIP file", UNPACK),
    (b"PK\x05\x06", "an empty ZIP file", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip file", UNPACK),
    (b"Rar!", "a RAR file", UNPACK),
    (b"\xfd7zXZ", "an xz file", DECOMPRESS),
    (b"BZh", "a bzip2 file", DECOMPRESS),
    (b"\x04\x22\x4d\x18", "an LZ4 file", DECOMPRESS),
    (b"\x1f\x8b", "a gzip file", TWICE),
    (b"\x28\xb5\x2f\xfd", "a zstd file", TWICE),
    (b"snoop\0\0\0", "a Solaris snoop capture", CONVERT),
    (b"GMBU", "a Microsoft Network Monitor 2 capture", CONVERT),
    (b"RTSS", "a Microsoft Network Monitor 1 capture", CONVERT),
    (b"TRSNIFF data", "a Sniffer capture", CONVERT),
    (b"XCP\0", "a NetXRay or Windows Sniffer capture", CONVERT),
    (b"\x7fver", "an OmniPeek capture", CONVERT),
    (b"\xa1\x2b\x3c\x4d", "a Navtel pcap variant", CONVERT),
    (b"\x4d\x3c\x2b\xa1", "a Navtel pcap variant", CONVERT),
    (b"\x0a\x0d\x0a", "a damaged pcapng file", TEXT_MODE),
    (b"\x0d\x0a\x0d", "a damaged pcapng file", TEXT_MODE),
    (b"\x7fELF", "an ELF program", ANY_CAPTURE),
    (b"MZ", "a Windows program", ANY_CAPTURE),
    (b"%PDF", "a PDF document", ANY_CAPTURE),
    (b"SQLite format 3", "an SQLite database", ANY_CAPTURE),
];

/// First letters of text files, in lower case, behind white space.
const TEXTS: &[(&str, &str, &str)] = &[
    ("<!doctype html", "an HTML page", "the download may have failed; open it in a browser to see what it says"),
    ("<html", "an HTML page", "the download may have failed; open it in a browser to see what it says"),
    ("<?xml", "an XML file, perhaps a PDML export", NO_PACKETS),
    ("<", "an XML or HTML file", NO_PACKETS),
    ("{", "JSON, perhaps a HAR export", NO_PACKETS),
    ("[", "JSON, perhaps a tshark export", NO_PACKETS),
];

/// Returns what a file with these first octets is, if anybody knows.
pub(super) fn recognise(octets: &[u8]) -> Option<LookAlike> {
    let of = |&(_, what, advice): &(&[u8], _, _)| LookAlike { what, advice };
    MAGICS.iter().find(|(magic, ..)| octets.starts_with(magic)).map(of).or_else(|| text(octets)).or_else(|| erf(octets))
}

fn text(octets: &[u8]) -> Option<LookAlike> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).trim_ascii_start();
    let starts = |word: &str| octets.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    if let Some(&(_, what, advice)) = TEXTS.iter().find(|(word, ..)| starts(word)) {
        return Some(LookAlike { what, advice });
    }
    let printable = |octet: &u8| octet.is_ascii_graphic() || octet.is_ascii_whitespace();
    let is_text = octets.len() >= 4 && octets.iter().all(printable);
    is_text.then_some(LookAlike { what: "text, perhaps what tcpdump printed", advice: NO_PACKETS })
}

/// Endace's ERF has no magic number: its first record must look like one
/// (<https://www.endace.com/erf-extensible-record-format-types.pdf>): a time after 2000, a known type, and lengths that fit.
fn erf(octets: &[u8]) -> Option<LookAlike> {
    let header: &[u8; 16] = octets.first_chunk()?;
    let [.., s0, s1, s2, s3, kind, _, r0, r1, _, _, w0, w1] = *header;
    let seconds = u32::from_le_bytes([s0, s1, s2, s3]);
    let record = u16::from_be_bytes([r0, r1]);
    let wire = u16::from_be_bytes([w0, w1]);
    let looks = seconds > 946_684_800 && (1..=48).contains(&(kind & 0x7f)) && record >= 16 && wire > 0 && wire < 10_000;
    looks.then_some(LookAlike { what: "perhaps an Endace ERF capture", advice: CONVERT })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(octets: &[u8]) -> &'static str {
        recognise(octets).map_or("", |look_alike| look_alike.what)
    }

    #[test]
    fn tells_them_apart() {
        assert_eq!(what(b"PK\x03\x04\x14"), "a ZIP file");
        assert_eq!(what(b"\n <!DOCTYPE HTML><html>"), "an HTML page");
        assert_eq!(what(b"\xef\xbb\xbf{\"log\": {}}"), "JSON, perhaps a HAR export");
        assert_eq!(what(b"14:03:07.12 IP localhost"), "text, perhaps what tcpdump printed");
        assert_eq!(what(b"snoop\0\0\0\0\0\0\x02"), "a Solaris snoop capture");
        assert_eq!(what(b"\0\0\0\0\0\0\0\x65\x02\x04\0\x60\0\0\0\x40"), "perhaps an Endace ERF capture");
        assert_eq!(what(&[0; 64]), "");
        assert_eq!(what(b"abc"), "");
        assert_eq!(what(b""), "");
    }
}
