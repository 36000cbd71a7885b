//! What an address gives away by the way it is written.

/// Four numbers with dots, and not one of the addresses that stay on the machine or in the house, or are no machine's.
pub(super) fn is_bare(host: &[u8]) -> bool {
    let host = host.rsplit(|&byte| byte == b'@').next().unwrap_or(host);
    let host = host.split(|&byte| byte == b':').next().unwrap_or(host);
    let Ok(host) = std::str::from_utf8(host) else { return false };
    match host.parse::<std::net::Ipv4Addr>() {
        Ok(address) => {
            !(address.is_loopback()
                || address.is_private()
                || address.is_unspecified()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_multicast()
                // A network, or a version.
                || matches!(address.octets(), [.., 0])
                // Anybody's name servers, which tell a program which of its own addresses leads out.
                || matches!(address.octets(), [8, 8, 8, 8] | [8, 8, 4, 4] | [9, 9, 9, 9] | [4, 2, 2, 1..=6])
                || matches!(address.octets(), [208, 67, 222 | 220, 220 | 222] | [1 | 0, ..]))
        }
        Err(_) => false,
    }
}

/// True for a host of the internet with a port that is none of the web's own.
pub(super) fn has_odd_port(host: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b':', host) else { return false };
    let (name, port) = (&host[..at], &host[at + 1..]);
    let port = std::str::from_utf8(port).ok().and_then(|port| port.parse::<u16>().ok());
    let is_known = matches!(port, None | Some(80 | 443 | 8080 | 8443));
    let stays =
        [&b"localhost"[..], b".local", b".internal", b".example", b"example.com", b".test", b".invalid"];
    let is_name = memchr::memchr(b'.', name).is_some() && name.iter().any(u8::is_ascii_alphabetic);
    !is_known && (is_bare(name) || is_name && !stays.iter().any(|ending| name.ends_with(ending)))
}

/// True for the path of a file that a machine would run.
pub(super) fn names_a_program(path: &[u8]) -> bool {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'?' | b'#' | b'"' | b'\'');
    let path = path.split(ends).next().unwrap_or(path).to_ascii_lowercase();
    [
        ".exe", ".ps1", ".bat", ".vbs", ".scr", ".dll", ".sh", ".py", ".pyw", ".bin", ".elf", ".hta", ".msi",
        ".jar", ".cmd", ".lnk", ".pyc",
    ]
    .iter()
    .any(|ending| path.ends_with(ending.as_bytes()))
}
