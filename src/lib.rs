//! tati
