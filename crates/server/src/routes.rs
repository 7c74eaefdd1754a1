//! Handlers, by resource.

pub(crate) mod accounts;
pub(crate) mod answers;
pub(crate) mod board;
pub(crate) mod calibration;
pub(crate) mod changes;
pub(crate) mod conversations;
pub(crate) mod events;
pub(crate) mod fork;
pub(crate) mod hindsight;
pub(crate) mod memory;
pub(crate) mod plan;
pub(crate) mod projects;
pub(crate) mod questions;
pub(crate) mod queue;
pub(crate) mod remarks;
pub(crate) mod routing;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod tasks;
pub(crate) mod users;
pub(crate) mod voice;
