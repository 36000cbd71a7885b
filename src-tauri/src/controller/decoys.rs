//! Files that are there to be stolen.

use super::{Controller, Reply, Shell};
use crate::failure::{Answer, Failure};
use doorward_decoy::{plant, usual_place};
use doorward_protocol::{Control, DecoyKind, DecoyState, RequestBody};
use std::path::PathBuf;

impl<S: Shell> Controller<S> {
    pub(super) fn plant_decoy(&self, kind: DecoyKind, reply: Reply<()>) {
        let (link, home) = (self.tools.link.clone(), self.tools.home.clone());
        let work = async move {
            let home = home.canonicalize().unwrap_or(home);
            let path = home.join(usual_place(kind));
            let place = path.clone();
            let planted = tokio::task::spawn_blocking(move || plant(kind, &home, &place)).await;
            planted.map_err(|error| Failure::of(&error))??;
            let request = Control::AddDecoy { path: path.clone(), kind };
            if let Err(failure) = link.request(RequestBody::Control(request)).await {
                // A decoy that nobody watches is only in the way.
                let _ = std::fs::remove_file(&path);
                return Err(failure);
            }
            Ok(())
        };
        tokio::spawn(async move { reply.send(work.await) });
    }

    /// What was written to since it was planted is the user's own by now and stays.
    pub(super) fn remove_decoy(&self, path: PathBuf, reply: Reply<()>) {
        let link = self.tools.link.clone();
        let known = self.guard.iter().flat_map(|guard| &guard.decoys).find(|decoy| decoy.path == path);
        let intact = known.is_some_and(|decoy| decoy.state == DecoyState::Intact);
        let work = async move {
            link.request(RequestBody::Control(Control::RemoveDecoy(path.clone()))).await?;
            if intact {
                std::fs::remove_file(&path).map_err(|error| {
                    Failure::new(
                        format!("deleting the decoy {} failed: {error}", path.display()),
                        "Delete it yourself.",
                    )
                })?;
            }
            Answer::Ok(())
        };
        tokio::spawn(async move { reply.send(work.await) });
    }
}
