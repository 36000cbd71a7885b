//! The child's side: confines itself, then reads packages on request.

mod earlier;
mod excerpt;
mod facts;
pub(crate) mod protocol;
mod read;
mod sandbox;
mod self_test;
mod sys;

use crate::analyse::Before;
use crate::feed;
use crate::fetched::Fetched;
use crate::source::Limits;
use crate::traits::Traits;
use crate::walk::{self, Place, Target};
use doorward_protocol::{FrameError, PackageRef, read_frame, write_frame};
use earlier::Looking;
use protocol::{FromWorker, ToWorker};
use read::Listing;
use std::ffi::OsString;
use std::io::{self, BufReader, Stdin, Stdout};
use std::path::Path;
use std::process::ExitCode;

/// The whole worker program.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let [flag, granted, other, port] = arguments.as_slice()
        && flag == "--self-test"
    {
        let port = port.to_string_lossy().parse().unwrap_or(0);
        return self_test::run(Path::new(granted), Path::new(other), port);
    }
    sys::return_large_pieces();
    if let Some((flag, paths)) = arguments.split_first()
        && flag == "--facts"
    {
        return facts::run(paths);
    }
    if !arguments.is_empty() {
        eprintln!("doorward-scan-worker is started by doorward and doorward-app and takes no arguments");
        return ExitCode::from(2);
    }
    // A panic is reported as an unscanned package; its message would quote hostile text.
    std::panic::set_hook(Box::new(|_| ()));
    let mut link = Link { input: BufReader::new(io::stdin()), output: io::stdout() };
    match serve(&mut link) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

struct Link {
    input: BufReader<Stdin>,
    output: Stdout,
}

impl Link {
    fn receive(&mut self) -> Result<Option<ToWorker>, FrameError> {
        read_frame(&mut self.input)
    }

    fn send(&mut self, message: &FromWorker) -> Result<(), FrameError> {
        write_frame(&mut self.output, message)
    }

    /// What the parent adds to the work that follows; `None` where it does not want it.
    fn wanted(&mut self) -> Result<Option<Option<Box<Traits>>>, FrameError> {
        Ok(match self.receive()? {
            Some(ToWorker::Go { before }) => Some(before),
            _ => None,
        })
    }
}

fn serve(link: &mut Link) -> Result<(), FrameError> {
    let Some(ToWorker::Start { grants, caches, feed, list }) = link.receive()? else {
        return Ok(());
    };
    // The parent has checked it; without it verdicts would be taken for what they are not.
    if let Some(list) = list.filter(|list| !feed::adopt(list)) {
        return Err(io::Error::other(format!("{} cannot be read", list.display())).into());
    }
    let confinement = sandbox::confine(&grants)?;
    link.send(&FromWorker::Ready(confinement))?;
    let (limits, cargo_sources) = (Limits::default(), caches.cargo_sources());
    let fetched = Fetched::of(caches);
    while let Some(request) = link.receive()? {
        match request {
            ToWorker::Search { path } => {
                let reason = match walk::search(&path, &cargo_sources) {
                    Ok(found) => {
                        for part in found.chunks(500) {
                            link.send(&FromWorker::Found(part.to_vec()))?;
                        }
                        None
                    }
                    Err(reason) => Some(reason),
                };
                link.send(&FromWorker::Searched { reason })?;
            }
            ToWorker::Scan { target, remember } => {
                scan(link, &target, remember, feed, &Looking { limits: &limits, fetched: &fetched })?;
            }
            ToWorker::Excerpt { package, file, line } => {
                link.send(&FromWorker::Excerpt(excerpt::read(&package, &file, line)))?;
            }
            ToWorker::Start { .. } | ToWorker::Go { .. } | ToWorker::Skip => {}
        }
    }
    Ok(())
}

fn scan(
    link: &mut Link,
    target: &Target,
    remember: bool,
    feed: bool,
    looking: &Looking<'_>,
) -> Result<(), FrameError> {
    let limits = looking.limits;
    if let Place::Locked { package, lockfile, line } = &target.place {
        let report = feed.then(|| read::report_locked(target, package, lockfile, *line)).flatten();
        return link.send(&match report {
            Some(report) => FromWorker::Report { report: Box::new(report), bytes: 0, traits: None },
            None => FromWorker::Nothing,
        });
    }
    let listing = Listing::of(target, limits);
    if listing.is_nothing() {
        return link.send(&FromWorker::Nothing);
    }
    if remember {
        link.send(&FromWorker::Listed { fingerprint: listing.fingerprint() })?;
        if link.wanted()?.is_none() {
            return Ok(());
        }
    }
    let shown = listing.shown.clone();
    let mut package = listing.read(limits);
    let bytes = package.bytes();
    let mut before = None;
    if remember {
        let content = package.content_hash();
        link.send(&FromWorker::Hashed { content, path: shown, package: package.name() })?;
        match link.wanted()? {
            Some(known) => before = known,
            None => return Ok(()),
        }
    }
    let look = |package: &PackageRef| looking.earlier(target, package);
    let before = Before { known: before.map(|known| *known), look: &look };
    let (report, traits) = package.report(feed, before);
    // What one large package needed must not add to what the next one needs.
    const LARGE: u64 = 4 << 20;
    if bytes > LARGE {
        sys::release_memory();
    }
    link.send(&FromWorker::Report { report: Box::new(report), bytes, traits: traits.map(Box::new) })
}
