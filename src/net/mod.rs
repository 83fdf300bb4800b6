//! From packets to ordered TCP streams: link layers, IP, TCP, reassembly.
