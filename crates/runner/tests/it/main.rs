//! Jobs for real: the built shim, real bubblewrap, real processes.

mod harness;
mod limits;
mod shim;
mod walls;
