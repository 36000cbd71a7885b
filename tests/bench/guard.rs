//! What the guard costs: unguarded files, allowed readers, denials, naming, memory.

use crate::table::{Rows, Section, Times, progress};
use anyhow::{Context, Result, bail};
use doorward_protocol::{
    Control, Expiry, Hello, Observe, Reply, Request, RequestBody, RuleDraft, RuleVerdict, ServerMessage,
    What, Who, read_frame, write_frame,
};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const OPENS: usize = 20_000;
const ROUNDS: usize = 5;
const READERS: usize = 10_000;
/// Reads between two looks at the events, of which the daemon tells a thousand at once.
const BATCH: usize = 500;
const SECRET: &str = "home/.ssh/id_ed25519";

/// A child that is ended, by its own id, when it goes out of scope.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Bench {
    bin: PathBuf,
    dir: tempfile::TempDir,
}

/// What the guard costs, and what it tells.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        name: "guard.unguarded",
        rows: &[("open+read+close of an unguarded file, guard on ÷ off", "≤ 1.03")],
        measure: unguarded,
    },
    Section {
        name: "guard.answers",
        rows: &[
            ("allowed guarded open ÷ bare round trip in C", "≤ 1.3 at p50; p99 < 1 ms"),
            ("deny latency", "p50 ≤ 30, p95 ≤ 37, p99 ≤ 58 µs where C is 25"),
        ],
        measure: answers,
    },
    Section {
        name: "guard.readers",
        rows: &[("reader named ÷ reads", "1.0 over 10,000"), ("doorwardd resident memory", "< 10 MB")],
        measure: readers,
    },
];

fn unguarded(bin: &Path, rows: &mut Rows) -> Result<()> {
    let bench = Bench::new(bin)?;
    let plain = bench.file("elsewhere/plain.txt")?;
    let reader = bench.reader()?;
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        progress(format_args!("round {round} of {ROUNDS}: {OPENS} opens without and with the guard"));
        let off = opens(&reader, &plain)?.read;
        let daemon = bench.daemon("block")?;
        let on = opens(&reader, &plain)?.read;
        drop(daemon);
        ratios.push(on.at(50.0) / off.at(50.0));
    }
    let ratio = median(ratios);
    rows.next(&format!("{ratio:.3} (p50, median of {ROUNDS} pairs)"), ratio <= 1.03);
    Ok(())
}

fn answers(bin: &Path, rows: &mut Rows) -> Result<()> {
    let bench = Bench::new(bin)?;
    let secret = bench.file(SECRET)?;
    let reader = bench.reader()?;
    let floor = bench.compile_floor()?;
    let (mut opened, mut slowest, mut read) = (Vec::new(), Vec::new(), Vec::new());
    let (mut denied, mut bare) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        progress(format_args!(
            "round {round} of {ROUNDS}: {OPENS} opens answered by C, denied, allowed by a rule"
        ));
        let c = bench.responder(&floor, &secret, &["allow"])?;
        let floor_opens = opens(&reader, &secret)?;
        drop(c);
        let c = bench.responder(&floor, &secret, &["allow", "reads"])?;
        let floor_reads = opens(&reader, &secret)?;
        drop(c);
        let daemon = bench.daemon("block")?;
        let refused = opens(&reader, &secret)?.open;
        bench.allow(&reader)?;
        let through = opens(&reader, &secret)?;
        drop(daemon);
        opened.push(through.open.at(50.0) / floor_opens.open.at(50.0));
        slowest.push(through.open.at(99.0));
        read.push(through.read.at(50.0) / floor_reads.read.at(50.0));
        denied.push([refused.at(50.0), refused.at(95.0), refused.at(99.0)]);
        bare.push(floor_opens.open.at(50.0));
    }
    let (ratio, p99, bare) = (median(opened), median(slowest), median(bare));
    rows.next(
        &format!(
            "{ratio:.2} at p50 (C: {bare:.0} µs), p99 {:.2} ms; open and first read ÷ C answering both: {:.2}",
            p99 / 1000.0,
            median(read),
        ),
        ratio <= 1.3 && p99 < 1000.0,
    );
    let [p50, p95, p99] = [0, 1, 2].map(|at| median(denied.iter().map(|row| row[at]).collect()));
    let scale = bare / 25.0;
    rows.next(
        &format!("p50 {p50:.0}, p95 {p95:.0}, p99 {p99:.0} µs where C is {bare:.0} µs"),
        p50 <= 30.0 * scale && p95 <= 37.0 * scale && p99 <= 58.0 * scale,
    );
    Ok(())
}

fn readers(bin: &Path, rows: &mut Rows) -> Result<()> {
    let bench = Bench::new(bin)?;
    let secret = bench.file(SECRET)?;
    let daemon = bench.daemon("observe")?;
    let (mut named, mut after) = (0, 0);
    for batch in 0..READERS / BATCH {
        progress(format_args!("{} of {READERS} short-lived readers", batch * BATCH));
        for _ in 0..BATCH {
            let read = Command::new("/bin/cat").arg(&secret).stdout(Stdio::null()).status()?;
            if !read.success() {
                bail!("cat could not read the made-up secret in observe mode");
            }
        }
        named += bench.named_readers(&mut after)?;
    }
    let share = named as f64 / READERS as f64;
    rows.next(&format!("{share:.4} over {READERS}"), named == READERS);
    let supervisor = daemon.0.id();
    let workers = fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children"))?;
    let mut both = memory(supervisor)?;
    for worker in workers.split_whitespace() {
        let worker = memory(worker.parse()?)?;
        both = Memory { resident: both.resident + worker.resident, fair: both.fair + worker.fair };
    }
    let Memory { resident, fair } = both;
    rows.next(
        &format!(
            "{resident:.1} MB with its supervisor, {fair:.1} as fair share (Pss), after {READERS} reads"
        ),
        resident < 10.0,
    );
    Ok(())
}

impl Bench {
    fn new(bin: &Path) -> Result<Self> {
        Ok(Self { bin: bin.to_owned(), dir: tempfile::tempdir()? })
    }

    fn file(&self, name: &str) -> Result<PathBuf> {
        let file = self.dir.path().join(name);
        fs::create_dir_all(file.parent().context("parent")?)?;
        fs::write(&file, "made up for the benchmark\n")?;
        Ok(file)
    }

    /// A copy of this program, so that the rule that allows it is about nothing else.
    fn reader(&self) -> Result<PathBuf> {
        let reader = self.dir.path().join("reader");
        fs::copy(std::env::current_exe()?, &reader)?;
        Ok(reader)
    }

    fn compile_floor(&self) -> Result<PathBuf> {
        let out = self.dir.path().join("floor");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/floor.c");
        let built = Command::new("cc").args(["-O2", "-o"]).arg(&out).arg(source).status().context("cc")?;
        if !built.success() {
            bail!("floor.c did not compile");
        }
        Ok(out)
    }

    fn responder(&self, floor: &Path, file: &Path, answers: &[&str]) -> Result<Ended> {
        started(Command::new(floor).arg(file).args(answers))
    }

    fn daemon(&self, mode: &str) -> Result<Ended> {
        let state = self.dir.path().join("state");
        if state.exists() {
            fs::remove_dir_all(&state)?;
        }
        let config = self.dir.path().join("doorwardd.toml");
        fs::write(
            &config,
            format!(
                "state_dir = {:?}\nsocket = {:?}\nhomes = [{:?}]\nlogin_users = false\ngate = false\nmode = {mode:?}\n",
                state,
                self.socket(),
                self.dir.path().join("home"),
            ),
        )?;
        started(Command::new(self.bin.join("doorwardd")).arg("--config").arg(config))
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("doorwardd.sock")
    }

    fn connect(&self) -> Result<(UnixStream, Hello)> {
        let mut stream = UnixStream::connect(self.socket()).context("connect to doorwardd")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        match read_frame(&mut stream)? {
            Some(ServerMessage::Hello(hello)) => Ok((stream, *hello)),
            other => bail!("expected a Hello, got {other:?}"),
        }
    }

    fn request(&self, body: RequestBody) -> Result<Reply> {
        let (mut stream, _) = self.connect()?;
        write_frame(&mut stream, &Request { id: 1, body })?;
        loop {
            match read_frame(&mut stream)? {
                Some(ServerMessage::Reply { id: 1, result }) => return Ok(result?),
                Some(_) => {}
                None => bail!("doorwardd closed the connection"),
            }
        }
    }

    fn allow(&self, reader: &Path) -> Result<()> {
        self.request(RequestBody::Control(Control::AddRule(RuleDraft {
            verdict: RuleVerdict::Allow,
            who: Who { exe: Some(reader.to_owned()), ..Who::default() },
            what: What::Class("ssh-key".into()),
            expiry: Expiry::Restart,
        })))
        .map(|_| ())
    }

    /// How many reads of the last batch, by `cat`, were journalled with the program's path and hash.
    fn named_readers(&self, after: &mut u64) -> Result<usize> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let asked = Observe::Events { after: *after, limit: 1_000 };
            let Reply::Events(events) = self.request(RequestBody::Observe(asked))? else {
                bail!("no events")
            };
            let cat = |event: &&doorward_protocol::Event| {
                event.reader.exe.ends_with("cat") && event.reader.sha256.len() == 64
            };
            let named = events.iter().filter(cat).count();
            if named >= BATCH || Instant::now() > deadline {
                *after = events.last().map_or(*after, |event| event.id);
                return Ok(named);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Starts a program that says `ready` on its standard output.
fn started(command: &mut Command) -> Result<Ended> {
    let mut child = Ended(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("start")?);
    let stdout = child.0.stdout.take().context("stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    if line.trim() != "ready" {
        bail!("{command:?} did not get ready");
    }
    Ok(child)
}

/// What opens cost, in microseconds.
struct Opens {
    /// The open alone; refused ones count too.
    open: Times,
    /// The open with the first read.
    read: Times,
}

/// Times opens in a process of its own.
fn opens(reader: &Path, file: &Path) -> Result<Opens> {
    let output = Command::new(reader).arg("--read").arg(file).stderr(Stdio::inherit()).output()?;
    let number = |bytes: &[u8]| Ok::<_, anyhow::Error>(f64::from_le_bytes(bytes.try_into()?));
    let (mut open, mut read) = (Vec::new(), Vec::new());
    for pair in output.stdout.chunks_exact(16) {
        open.push(number(&pair[..8])?);
        read.push(number(&pair[8..])?);
    }
    Ok(Opens { open: Times::new(open), read: Times::new(read) })
}

/// The reader's side of [`opens`]: writes two little-endian `f64` of microseconds for each open.
pub(crate) fn read_repeatedly(file: &Path) -> Result<()> {
    use std::io::Write as _;
    let mut micros = Vec::with_capacity(OPENS * 16);
    let mut buffer = [0; 64];
    for _ in 0..OPENS {
        let start = Instant::now();
        let open = fs::File::open(file);
        let opened = start.elapsed();
        if let Ok(mut open) = open {
            let _ = open.read(&mut buffer)?;
        }
        for time in [opened, start.elapsed()] {
            micros.extend_from_slice(&(time.as_nanos() as f64 / 1000.0).to_le_bytes());
        }
    }
    std::io::stdout().write_all(&micros)?;
    Ok(())
}

fn median(values: Vec<f64>) -> f64 {
    Times::new(values).at(50.0)
}

/// What a process weighs, in megabytes.
pub(crate) struct Memory {
    /// Every page that it has mapped, code that others share too.
    pub(crate) resident: f64,
    /// Pages that several processes share, divided among them.
    fair: f64,
}

pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let sums = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let megabytes = |name: &str| {
        let kilobytes = sums.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        Ok::<_, anyhow::Error>(kilobytes.context("no such sum")?.parse::<f64>()? / 1024.0)
    };
    Ok(Memory { resident: megabytes("Rss:")?, fair: megabytes("Pss:")? })
}
