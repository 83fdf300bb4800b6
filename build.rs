//! Lets the `live` feature link where only libpcap's runtime package is installed.
//!
//! Debian ships `libpcap.so` (the name `-lpcap` looks for) in `libpcap0.8-dev`, and the library itself, as
//! `libpcap.so.0.8`, in `libpcap0.8`. When the first is missing and the second is there, a symbolic link in `OUT_DIR`
//! gives the linker the name it wants, so nobody has to install a development package.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_LIVE").is_none()
        || std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux")
    {
        return;
    }
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let directories = [
        format!("/usr/lib/{arch}-linux-gnu"),
        format!("/lib/{arch}-linux-gnu"),
        "/usr/lib64".to_owned(),
        "/usr/lib".to_owned(),
        "/usr/local/lib".to_owned(),
    ];
    let find = |name: &str| directories.iter().map(|d| Path::new(d).join(name)).find(|p| p.exists());
    if find("libpcap.so").is_some() || find("libpcap.a").is_some() {
        return;
    }
    let Some(runtime) = find("libpcap.so.0.8").or_else(|| find("libpcap.so.1")) else {
        // A path that is never there: the next build looks again, for it may have been installed.
        println!("cargo:rerun-if-changed=libpcap-was-not-found");
        println!(
            "cargo:warning=libpcap was not found: install libpcap0.8, or build with --no-default-features --features gui"
        );
        return;
    };
    let Some(out) = std::env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    let link = out.join("libpcap.so");
    let _ = std::fs::remove_file(&link);
    #[cfg(unix)]
    if let Err(error) = std::os::unix::fs::symlink(&runtime, &link) {
        println!("cargo:warning=could not link {} as {}: {error}", runtime.display(), link.display());
        return;
    }
    println!("cargo:rustc-link-search=native={}", out.display());
}
