//! The whole way: the real `bowline`, the real Bindle server, the local
//! platform, real applications. What the platform holds in the end is read
//! back through clients that are not ours.

mod budget;
mod deploy;
mod hostile;
mod interrupted;
mod readiness;
mod settings;
mod stopping;
mod trouble;
