//! `doorward events`.

use crate::args::EventsArgs;
use crate::daemon::Daemon;
use crate::describe;
use crate::failure::Failure;
use crate::terminal::{Paint, put_json, put_line};
use doorward_protocol::{Action, Event, Observe, Reply, ServerMessage};
use std::process::ExitCode;

pub(crate) async fn run(args: EventsArgs) -> Result<ExitCode, Failure> {
    let (mut daemon, _) = Daemon::connect().await?;
    // Subscribing first leaves no gap between the past and the present; what is told twice is dropped.
    if args.follow {
        daemon.observe(Observe::Subscribe).await?;
        if !args.json {
            put_line("Following reads of guarded files. Ctrl-C ends.")?;
        }
    }
    let mut newest = 0;
    if args.limit > 0 {
        let past = daemon.observe(Observe::Events { after: 0, limit: args.limit }).await?;
        let Reply::Events(past) = past else {
            return Err(Failure::new("reading events: the daemon sent something else"));
        };
        for event in &past {
            newest = newest.max(event.id);
            print(event, args)?;
        }
        if past.is_empty() && !args.json && !args.follow {
            put_line("No reads of guarded files so far.")?;
        }
    }
    if !args.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        match daemon.next().await? {
            ServerMessage::Event(event) if event.id > newest || newest == 0 => {
                newest = newest.max(event.id);
                print(&event, args)?;
            }
            ServerMessage::Asked(asked) if asked.event.id > newest => {
                newest = asked.event.id;
                print(&asked.event, args)?;
            }
            // A question's end is news even where the question itself was printed.
            ServerMessage::Settled(event) if event.action != Action::Asked => print(&event, args)?,
            _ => {}
        }
    }
}

fn print(event: &Event, args: EventsArgs) -> Result<(), Failure> {
    if args.json { put_json(event) } else { put_line(&describe::event(event, Paint::stdout())) }
}
