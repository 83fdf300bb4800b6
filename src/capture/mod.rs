//! Capture files: packets out of pcap and pcapng, plain, compressed or through a pipe.
