//! Two network namespaces with a cable between them: real peers that are not on loopback.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::program::run;
use crate::rights::{Need, has};
use crate::sniffer::{Sniffer, until};
use crate::talk::{Listening, client};
use crate::{Place, ends_with_statistics, numbers};

/// Two namespaces, `a` with 10.99.0.1 and `b` with 10.99.0.2 on their ends of a cable, both called `cable0`.
struct Cable {
    name: String,
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Cable {
    fn new(name: &str) -> Cable {
        let cable = Cable { name: format!("framescope-{name}-{}", std::process::id()) };
        let [a, b] = [cable.side("a"), cable.side("b")];
        ip(&["netns", "add", &a]);
        ip(&["netns", "add", &b]);
        ip(&["-n", &a, "link", "add", "cable0", "type", "veth", "peer", "name", "cable0", "netns", &b]);
        for (side, address) in [(&a, "10.99.0.1/24"), (&b, "10.99.0.2/24")] {
            ip(&["-n", side, "address", "add", address, "dev", "cable0"]);
            ip(&["-n", side, "link", "set", "cable0", "up"]);
            ip(&["-n", side, "link", "set", "lo", "up"]);
        }
        cable
    }

    fn side(&self, side: &str) -> String {
        format!("{}-{side}", self.name)
    }

    /// A program inside one side.
    fn on(&self, side: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.side(side), program]);
        command
    }

    /// One of the two peers below, as a process of its own.
    fn peer(&self, side: &str, role: &str) -> Child {
        let this = std::env::current_exe().unwrap();
        let mut command = self.on(side, this.to_str().unwrap());
        command.args(["--exact", "namespaces::as_a_peer", "--ignored", "--nocapture"]);
        command.env("FRAMESCOPE_LIVE_PEER", role).stdout(Stdio::null()).spawn().unwrap()
    }

    fn sniffer(&self, arguments: &[&str]) -> Sniffer {
        let mut command = self.on("a", env!("CARGO_BIN_EXE_framescope"));
        command.arg("capture").args(arguments);
        Sniffer::run(command)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for side in ["a", "b"] {
            _ = Command::new("ip").args(["netns", "del", &self.side(side)]).status();
        }
    }
}

/// Not a test: what the processes of [`Cable::peer`] do.
#[test]
#[ignore = "the other tests run it inside a namespace"]
fn as_a_peer() {
    match std::env::var("FRAMESCOPE_LIVE_PEER").as_deref() {
        Ok("server") => {
            let mut server = Listening::on("10.99.0.1:8080").unwrap().accept().unwrap();
            server.send_for(500, Duration::from_millis(400)).unwrap();
        }
        Ok("client") => {
            let address = "10.99.0.1:8080".parse().unwrap();
            assert!(client(address).join().unwrap() > 100);
        }
        _ => {}
    }
}

#[test]
fn frames_between_two_machines() {
    if !has(Need::Root) {
        return;
    }
    for interface in ["cable0", "any"] {
        let (cable, place) = (Cable::new(interface), Place::new());
        let file = place.path("capture.pcapng");
        let sniffer = cable.sniffer(&["-i", interface, "-w", &file, "--filter", "tcp port 8080", "--promiscuous"]);
        let mut server = cable.peer("a", "server");
        // Its socket is there as soon as the kernel lists the port.
        until("the server listens", || {
            let sockets = cable.on("a", "cat").arg("/proc/net/tcp").output().unwrap().stdout;
            String::from_utf8(sockets).unwrap().contains(":1F90 ")
        });
        let mut client = cable.peer("b", "client");
        assert!(server.wait().unwrap().success() && client.wait().unwrap().success());
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
    if !has(Need::Root) {
        return;
    }
    let (cable, place) = (Cable::new("down"), Place::new());
    let file = place.path("capture.pcapng");
    let sniffer = cable.sniffer(&["-i", "cable0", "-w", &file]);
    ip(&["-n", &cable.side("a"), "link", "set", "cable0", "down"]);
    let ran = sniffer.end();
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.contains("cable0: sniffing ended: ") && ran.err.contains("is kept"), "{ran:?}");
    assert!(ends_with_statistics(&file));
    assert_eq!(run(&["stats", "--json", &file]).quiet().json().len(), 1);

    // And before it is opened.
    let command = cable.on("a", env!("CARGO_BIN_EXE_framescope")).args(["capture", "-i", "cable0"]).output().unwrap();
    let said = String::from_utf8(command.stderr).unwrap();
    assert!(said.contains("the interface is down") && command.status.code() == Some(2), "{said}");
}
