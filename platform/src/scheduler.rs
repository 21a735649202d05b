//! Nomad's part: starting and stopping channels, remembering what runs, and finding the channel
//! behind a domain.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::apps::{Apps, JobStatus};
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
            let apps = Arc::clone(&self.apps);
            // An application that takes long to compile doesn't hold up the others.
            tokio::spawn(async move { apps.start(job.channel_id, job.bindle_id).await });
        }
        Ok(())
    }

    /// Starts a channel, or restarts it, with `bindle_id` behind `domain`.
    pub(crate) async fn start(
        &self,
        channel_id: Uuid,
        bindle_id: String,
        domain: String,
    ) -> anyhow::Result<()> {
        let job = Job {
            channel_id,
            bindle_id: bindle_id.clone(),
            domain,
        };
        self.store.run(move |db| jobs::save(db, &job)).await?;
        self.reload().await?;
        self.apps.start(channel_id, bindle_id).await;
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
    pub(crate) async fn reload(&self) -> anyhow::Result<()> {
        let (jobs, channels) = self
            .store
            .run(|db| Ok((jobs::list(db)?, channels::list(db)?)))
            .await?;
        let mut routes = Routes::default();
        for job in &jobs {
            routes
                .channels
                .entry(job.domain.to_ascii_lowercase())
                .or_insert(job.channel_id);
        }
        routes.jobs = jobs.into_iter().map(|job| (job.channel_id, job)).collect();
        for channel in channels {
            if !routes.jobs.contains_key(&channel.id) {
                routes
                    .channels
                    .entry(channel.domain.to_ascii_lowercase())
                    .or_insert(channel.id);
            }
        }
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
        Ok(())
    }
}
