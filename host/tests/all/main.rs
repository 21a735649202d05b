//! Runs targets, good and hostile ones, against servers on loopback.

#[cfg(test)]
mod application;
#[cfg(test)]
mod artifacts;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod secure;
#[cfg(test)]
mod server;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tls;
