//! The captures that come with the program.

/// A built-in capture.
pub struct Sample {
    /// Its file's name in `samples/`.
    pub name: &'static str,
    /// The name of the sample.
    pub title: &'static str,
    /// The thing to look at in it.
    pub about: &'static str,
    /// The file.
    pub octets: &'static [u8],
}

macro_rules! samples {
    ($($name:literal, $title:literal, $about:literal;)*) => {
        /// All of them, in the order of the start screen.
        pub const SAMPLES: &[Sample] = &[$(Sample {
            name: $name,
            title: $title,
            about: $about,
            octets: include_bytes!(concat!("../../samples/", $name)),
        },)*];
    };
}

samples! {
    "rfc6455-examples.pcapng", "The RFC’s own examples", "“Hello” masked with 37 fa 21 3d, and all three forms of a length.";
    "chat-unicode.pcapng", "A chat in many scripts", "Chinese, Arabic and emoji: how text lies in octets and segments.";
    "fragments-ping.pcap", "Fragments and pings", "Messages cut into frames, with pings in between.";
    "deflate.pcap", "Compressed messages", "permessage-deflate: RSV1, and messages that keep shrinking.";
    "deflate-parameters.pcapng", "Compression, five agreements", "One conversation with and without context takeover and small windows.";
    "deflate-websockets.pcap", "Compressed fragments", "Both sides send compressed messages in pieces, with pings in between.";
    "large-binary.pcap", "Large binary messages", "200,000 octets in one frame, over many TCP segments.";
    "many-connections.pcapng", "Many connections", "Six at once, and each one ends in another way.";
    "broken.pcap", "Broken on purpose", "13 peers that each break one rule; findings say which.";
    "refused.pcap", "Refused handshakes", "401, 403, 404 and 426: why no WebSocket was opened.";
    "wrong-accept.pcap", "A wrong accept value", "The server’s answer does not fit the client’s key.";
    "tcp-trouble.pcap", "TCP in trouble", "Segments reordered, doubled and overlapping; the frames are whole.";
    "http-then-upgrade.pcapng", "HTTP first, then the Upgrade", "Ordinary requests, then a WebSocket on the same connection.";
    "ipv6.pcap", "Sensors over IPv6", "Text and binary readings, pings in both directions.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_of_the_folder_is_offered() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".pcap") || name.ends_with(".pcapng"))
            .collect();
        files.sort();
        let mut offered: Vec<&str> = SAMPLES.iter().map(|sample| sample.name).collect();
        offered.sort_unstable();
        assert_eq!(files, offered);
    }
}
