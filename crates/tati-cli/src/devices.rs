//! `tati devices`: what there is to compute on.

use serde::Serialize;
use tati::{DeviceBackend, device_backends};

use crate::error::CliError;
use crate::output::Outcome;
use crate::program::{DEFAULT_DEVICE, Program};
use crate::text;

/// What --device takes: the devices compiled in and present, with their names and memory
#[derive(clap::Args, Clone, Debug, Serialize)]
#[command(after_help = "Example: tati devices")]
pub struct DevicesArgs {}

#[derive(Serialize)]
struct Results {
    default: &'static str,
    devices: Vec<Found>,
    backends: Vec<Backend>,
}

#[derive(Serialize)]
struct Found {
    device: String,
    hardware: Option<String>,
    memory_bytes: Option<u64>,
    is_default: bool,
}

#[derive(Serialize)]
struct Backend {
    backend: &'static str,
    compiled_in: bool,
    num_devices: usize,
    /// Why its devices could not be looked for.
    problem: Option<String>,
}

pub fn run(arguments: &DevicesArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let results = Results::of(device_backends());
    Outcome::new(&results, results.text())
}

impl Results {
    fn of(found: Vec<DeviceBackend>) -> Self {
        let backends = found.iter().map(|backend| Backend {
            backend: backend.name,
            compiled_in: backend.is_compiled_in,
            num_devices: backend.devices.len(),
            problem: backend.problem.clone(),
        });
        Self {
            default: DEFAULT_DEVICE,
            backends: backends.collect(),
            devices: found
                .into_iter()
                .flat_map(|backend| backend.devices)
                .map(|device| Found {
                    is_default: device.name == DEFAULT_DEVICE,
                    device: device.name,
                    hardware: device.hardware,
                    memory_bytes: device.memory,
                })
                .collect(),
        }
    }

    fn text(&self) -> String {
        let or_unknown = |known: Option<String>| known.unwrap_or_else(|| "unknown".to_string());
        let row = |found: &Found| {
            let memory = found
                .memory_bytes
                .map(|bytes| bytes as f64 / f64::from(1 << 30));
            vec![
                found.device.clone(),
                or_unknown(found.hardware.clone()),
                or_unknown(memory.map(|gibibytes| format!("{gibibytes:.1} GiB"))),
                if found.is_default { "default" } else { "" }.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = self.devices.iter().map(row).collect();
        let mut text = text::table(&["device", "hardware", "memory", ""], &rows);
        for backend in &self.backends {
            match (&backend.problem, backend.backend) {
                (Some(problem), name) => text.push_str(&format!("{name}: {problem}\n")),
                (None, "remote") if backend.compiled_in => {
                    text.push_str("remote:HOST:PORT  the first device of a Burn server there\n");
                }
                (None, name) if backend.compiled_in && backend.num_devices == 0 => {
                    text.push_str(&format!("{name}: compiled in, and no device found\n"));
                }
                _ => {}
            }
        }
        let missing: Vec<&str> = self
            .backends
            .iter()
            .filter(|backend| !backend.compiled_in)
            .map(|backend| backend.backend)
            .collect();
        if !missing.is_empty() {
            text.push_str(&format!(
                "not compiled in: {}; build with --features NAME\n",
                missing.join(", ")
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use tati::PresentDevice;

    use super::*;

    #[test]
    fn every_backend_has_its_line() {
        let backend = |name, is_compiled_in, devices, problem: Option<&str>| DeviceBackend {
            name,
            is_compiled_in,
            devices,
            problem: problem.map(str::to_string),
        };
        let device = |name: &str, hardware: Option<&str>, memory| PresentDevice {
            name: name.to_string(),
            hardware: hardware.map(str::to_string),
            memory,
        };
        let results = Results::of(vec![
            backend(
                "flex",
                true,
                vec![device("flex", Some("CPU"), Some(3 << 30))],
                None,
            ),
            backend("wgpu", true, vec![device("wgpu:0", None, None)], None),
            backend("vulkan", true, vec![], None),
            backend("cuda", true, vec![], Some("no driver")),
            backend("remote", true, vec![], None),
            backend("ndarray", false, vec![], None),
        ]);
        assert_eq!(
            results.text(),
            "device  hardware   memory\n\
             flex         CPU  3.0 GiB  default\n\
             wgpu:0   unknown  unknown\n\
             vulkan: compiled in, and no device found\n\
             cuda: no driver\n\
             remote:HOST:PORT  the first device of a Burn server there\n\
             not compiled in: ndarray; build with --features NAME\n"
        );
    }
}
