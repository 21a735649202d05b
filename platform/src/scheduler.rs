//! Nomad's part: starting and stopping channels, remembering what runs, and finding the channel
//! behind a domain.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::apps::{self, Apps, JobStatus};
use crate::store::jobs::Job;
use crate::store::{Store, channels, jobs};

/// Starts and stops channels and knows their domains.
pub(crate) struct Scheduler {
    apps: Arc<Apps>,
    store: Store,
    routes: RwLock<Routes>,
}

#[derive(Default)]
struct Routes {
    // By lower-case domain.
    channels: HashMap<String, Uuid>,
    jobs: HashMap<Uuid, Job>,
}

impl Routes {
    fn add(&mut self, domain: &str, channel: Uuid) {
        let domain = domain.to_ascii_lowercase();
        let is_the_api =
            domain == "localhost" || domain.starts_with('[') || domain.parse::<IpAddr>().is_ok();
        if !is_the_api {
            self.channels.entry(domain).or_insert(channel);
        }
    }
}

impl Scheduler {
    pub(crate) fn new(apps: Arc<Apps>, store: Store) -> Self {
        Self {
            apps,
            store,
            routes: RwLock::default(),
        }
    }

    /// The applications themselves.
    pub(crate) fn apps(&self) -> &Arc<Apps> {
        &self.apps
    }

    /// Starts again what ran when the platform stopped.
    pub(crate) async fn resume(&self) -> anyhow::Result<()> {
        self.reload().await?;
        for job in self.store.run(jobs::list).await? {
            self.begin(job.channel_id, job.runs).await;
        }
        Ok(())
    }

    /// Begins to start an application. Like Nomad's, the answer doesn't wait for it to run.
    async fn begin(&self, channel_id: Uuid, job: apps::Job) {
        let apps = Arc::clone(&self.apps);
        let mut start = Box::pin(async move { apps.start(channel_id, job).await });
        // It is polled once before it is left alone, so that starts and stops of one channel count
        // in the order in which they were asked for.
        if futures::poll!(start.as_mut()).is_pending() {
            tokio::spawn(start);
        }
    }

    /// Starts a channel, or restarts it, with what `runs` behind `domain`.
    pub(crate) async fn start(
        &self,
        channel_id: Uuid,
        runs: apps::Job,
        domain: String,
    ) -> anyhow::Result<()> {
        let job = Job {
            channel_id,
            runs: runs.clone(),
            domain,
        };
        self.store.run(move |db| jobs::save(db, &job)).await?;
        self.reload().await?;
        self.begin(channel_id, runs).await;
        Ok(())
    }

    /// Stops a channel; one that isn't running is left alone.
    pub(crate) async fn stop(&self, channel_id: Uuid) -> anyhow::Result<()> {
        self.store
            .run(move |db| jobs::delete(db, channel_id))
            .await?;
        self.reload().await?;
        self.apps.stop(channel_id).await;
        Ok(())
    }

    /// How a channel is doing; without a job it is dead.
    pub(crate) fn status(&self, channel_id: Uuid) -> JobStatus {
        if self
            .routes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .jobs
            .contains_key(&channel_id)
        {
            self.apps.status(channel_id)
        } else {
            JobStatus::Dead
        }
    }

    /// How many jobs there are.
    pub(crate) fn job_count(&self) -> usize {
        self.routes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .jobs
            .len()
    }

    /// The channel that answers at this host name, which is compared without regard to case.
    pub(crate) fn channel_at(&self, host: &str) -> Option<Uuid> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        routes.channels.get(&host.to_ascii_lowercase()).copied()
    }

    /// Reads the domains anew; to be called after every change of a channel.
    ///
    /// A running channel answers where it was started. One that has never run holds its domain
    /// too, so that a request there is told so instead of meeting the API. Of twins the oldest wins.
    /// The names under which the API itself is reached can't be taken.
    pub(crate) async fn reload(&self) -> anyhow::Result<()> {
        let (jobs, channels) = self
            .store
            .run(|db| Ok((jobs::list(db)?, channels::list(db)?)))
            .await?;
        let mut routes = Routes::default();
        for job in &jobs {
            routes.add(&job.domain, job.channel_id);
        }
        routes.jobs = jobs.into_iter().map(|job| (job.channel_id, job)).collect();
        for channel in channels {
            if !routes.jobs.contains_key(&channel.id) {
                routes.add(&channel.domain, channel.id);
            }
        }
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
        Ok(())
    }
}
