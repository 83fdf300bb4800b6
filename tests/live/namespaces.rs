//! Two network namespaces with a cable between them: real peers that are not on loopback.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::common::program::{program, run};
use crate::common::rights::{can_sniff, granted};
use crate::common::running::Running;
use crate::sniffer::Sniffer;
use crate::talk::{Listening, client};
use crate::{Place, ends_with_statistics, numbers};

/// Two namespaces, `a` with 10.99.0.1 and `b` with 10.99.0.2 on their ends of a cable, both called `cable0`.
struct Cable {
    name: String,
}

/// Runs `ip`.
///
/// # Errors
/// When there is none, or it may not do what it is to do.
fn ip(arguments: &[&str]) -> Result<(), String> {
    let running = Running::try_start(Command::new("ip").args(arguments));
    let ran = running.map_err(|error| format!("ip (Debian: iproute2): {error}"))?.finish();
    if ran.status == 0 { Ok(()) } else { Err(format!("ip {}: {}", arguments.join(" "), ran.err.trim())) }
}

impl Cable {
    fn new(name: &str) -> Result<Cable, String> {
        let cable = Cable { name: format!("framescope-{name}-{}", std::process::id()) };
        let [a, b] = [cable.side("a"), cable.side("b")];
        ip(&["netns", "add", &a])?;
        ip(&["netns", "add", &b])?;
        ip(&["-n", &a, "link", "add", "cable0", "type", "veth", "peer", "name", "cable0", "netns", &b])?;
        for (side, address) in [(&a, "10.99.0.1/24"), (&b, "10.99.0.2/24")] {
            ip(&["-n", side, "address", "add", address, "dev", "cable0"])?;
            ip(&["-n", side, "link", "set", "cable0", "up"])?;
            ip(&["-n", side, "link", "set", "lo", "up"])?;
        }
        Ok(cable)
    }

    fn side(&self, side: &str) -> String {
        format!("{}-{side}", self.name)
    }

    /// Runs something inside one side. The sockets, threads and processes that it makes stay there.
    fn on<T: Send>(&self, side: &str, run: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/run/netns/{}", self.side(side))).unwrap();
        let inside = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            run()
        };
        std::thread::scope(|scope| scope.spawn(inside).join().unwrap())
    }

    fn sniffer(&self, arguments: &[&str]) -> Sniffer {
        self.on("a", || Sniffer::start(arguments))
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for side in ["a", "b"] {
            // One that could not be made is not there.
            _ = ip(&["netns", "del", &self.side(side)]);
        }
    }
}

#[test]
fn frames_between_two_machines() {
    if !can_sniff() {
        return;
    }
    for interface in ["cable0", "any"] {
        let Some(cable) = granted(Cable::new(interface)) else { return };
        let place = Place::new();
        let file = place.path("capture.pcapng");
        let sniffer = cable.sniffer(&["-i", interface, "-w", &file, "--filter", "tcp port 8080", "--promiscuous"]);
        let listening = cable.on("a", || Listening::on("10.99.0.1:8080").unwrap());
        let client = cable.on("b", || client("10.99.0.1:8080".parse().unwrap()));
        let mut server = listening.accept().unwrap();
        server.send_for(500, Duration::from_millis(400)).unwrap();
        drop(server);
        assert!(client.join().unwrap() > 100);
        let ran = sniffer.interrupt();
        assert!(ran.status == 0 && ran.err.contains("none dropped"), "{ran:?}");
        let kept = numbers(&file);
        assert!(kept.len() > 100, "{interface}: {}", kept.len());
        assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
        let connection = &run(&["connections", "--json", &file]).quiet().json()[0];
        assert_eq!((&connection["server"], &connection["handshake"]), (&"10.99.0.1:8080".into(), &"ok".into()));
    }
}

#[test]
fn the_interface_goes_down() {
    if !can_sniff() {
        return;
    }
    let Some(cable) = granted(Cable::new("down")) else { return };
    let place = Place::new();
    let file = place.path("capture.pcapng");
    let sniffer = cable.sniffer(&["-i", "cable0", "-w", &file]);
    ip(&["-n", &cable.side("a"), "link", "set", "cable0", "down"]).unwrap();
    let ran = sniffer.end();
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.contains("cable0: sniffing ended: ") && ran.err.contains("is kept"), "{ran:?}");
    assert!(ends_with_statistics(&file));
    assert_eq!(run(&["stats", "--json", &file]).quiet().json().len(), 1);

    // And before it is opened.
    let refused = cable.on("a", || Running::start(program().args(["capture", "-i", "cable0"])).finish());
    assert!(refused.refused().contains("the interface is down"), "{refused:?}");
}
