//! The payload's own fields (`evaluation.md` §1.3).

use alloc::vec::Vec;

use super::outline::Sections;
use super::read::{ANY_MAP, ANYTHING, Field, Is, no_parts, unsigned, value};
use super::source::{Read, Source, Span};
use super::writer::{RowBytes, Writer};
use crate::json::{Kind, Scanner};
use crate::number::{NumberText, number_text, parse_float};
use crate::table::wire::NONE;
use crate::table::{HASHED_KEYS, PLAIN_KEYS, SamplingMode, Section};

static TEXT: Field = Field::each(Is::Text).nullable().lenient();
static APP_ID: Field = Field::each(Is::Checked(check_app_id)).nullable();
static NUMBERS: Field = Field::each(Is::Map(&NUMBER)).nullable();
static NUMBER: Field = Field::each(Is::Number);
static FLAGS: Field = Field::each(Is::Map(&FLAG)).nullable();
static FLAG: Field = Field::each(Is::Bool);
static APP_IDS: Field = Field::each(Is::Map(&APP_ID_OF_KEY)).nullable();
static APP_ID_OF_KEY: Field = Field::each(Is::Checked(check_app_id));
static LAYERS: Field = Field::each(Is::Map(&LAYER)).nullable();
static LAYER: Field = Field::each(Is::Text);

pub(super) fn write(source: &mut Source<'_>, writer: &mut Writer, sections: &Sections) -> Read<()> {
    let diagnostics = sections.read(source, "diagnostics", &NUMBERS)?;
    sections.read(source, "sdk_flags", &FLAGS)?;
    let sdk_configs = sections.read(source, "sdk_configs", &ANY_MAP)?;
    let app = sections.read(source, "app_id", &APP_ID)?;
    let app = app_id(source, app);
    let mut texts = [Span::ABSENT; 3];
    for (text, name) in texts
        .iter_mut()
        .zip(["company_id", "default_environment", "checksum"])
    {
        *text = sections.read(source, name, &TEXT)?;
        let mistyped = text.is_absent() && !is_null(source, sections.get(name));
        if mistyped {
            *text = Span {
                start: 0,
                length: 0,
            };
        }
    }
    let id_lists = sections.read(source, "id_lists", &ANY_MAP)?;
    let configs = SdkConfigs::read(source, sdk_configs);
    let plain = app_keys(source, writer, sections, "sdk_keys_to_app_ids")?;
    let hashed = app_keys(source, writer, sections, "hashed_sdk_keys_to_app_ids")?;
    let mut keys = 0;
    if hashed.is_some() {
        keys |= HASHED_KEYS;
    }
    if plain.is_some() {
        keys |= PLAIN_KEYS;
    }
    let mut session_replay = sections.get("session_replay_info");
    if is_null(source, session_replay) {
        session_replay = Span::ABSENT;
    }

    let mut row = RowBytes::new();
    row.u32(writer.text(source, app));
    for text in texts {
        row.u32(writer.text(source, text));
    }
    row.u32(writer.value(source, sdk_configs))
        .u32(writer.value(source, session_replay));
    let mut names = Vec::new();
    source.members(id_lists, &mut |_, name, _| names.push(name));
    row.u32(match id_lists.is_absent() {
        true => NONE,
        false => writer.list(source, &names),
    })
    .u8(configs.sampling_mode as u8)
    .u8(keys)
    .u16(0)
    .u32(writer.value(source, diagnostics))
    .u32(0);
    for number in configs.numbers {
        row.u64(number);
    }
    row.u32(plain.unwrap_or(0)).u32(0);
    writer.put(Section::Meta, row.bytes());
    experiment_layers(source, writer, sections)
}

fn is_null(source: &Source<'_>, value: Span) -> bool {
    value.is_absent() || source.is(value, "null")
}

/// The entries of `sdk_configs` that exposures depend on.
struct SdkConfigs {
    sampling_mode: SamplingMode,
    /// Those of [`NUMBERS_OF_SDK_CONFIGS`], one added; zero for absent.
    numbers: [u64; 3],
}

const NUMBERS_OF_SDK_CONFIGS: [&str; 3] = [
    "special_case_sampling_rate",
    "exposure_dedupe_ttl_ms",
    "exposure_spec_sampling_ttl_ms",
];

impl SdkConfigs {
    fn read(source: &mut Source<'_>, configs: Span) -> Self {
        let mut read = SdkConfigs {
            sampling_mode: SamplingMode::Off,
            numbers: [0; 3],
        };
        source.members(configs, &mut |source, name, value| {
            let text = source.text(value);
            if source.is(name, "sampling_mode") {
                read.sampling_mode = SamplingMode::Off;
                if let Some(mode) = source.string(value) {
                    match source.text(mode) {
                        "on" => read.sampling_mode = SamplingMode::On,
                        "shadow" => read.sampling_mode = SamplingMode::Shadow,
                        _ => {}
                    }
                }
                return;
            }
            let known = NUMBERS_OF_SDK_CONFIGS.iter().zip(&mut read.numbers);
            for (known, number) in known {
                if *known == source.text(name) {
                    // Of another type they are ignored.
                    *number = unsigned(text).map_or(0, |value| value.saturating_add(1));
                }
            }
        });
        read
    }
}

fn check_app_id<'j>(source: &mut Source<'j>, scanner: &mut Scanner<'j>) -> Read<()> {
    static NUMBER: Field = Field::each(Is::Float);
    let is = match scanner.peek()? {
        Kind::Number => &NUMBER,
        _ => &ANYTHING,
    };
    value(source, scanner, is, &mut no_parts)?;
    Ok(())
}

/// An app id: a string, or a number by its text. Anything else, which Statsig's core takes too, reads as none.
fn app_id(source: &mut Source<'_>, value: Span) -> Span {
    if !value.is_absent() && source.kind(value) == Kind::Number {
        let number = parse_float(source.text(value)).unwrap_or(0.0);
        return source.make(&mut |made| made.push_str(number_text(number, &mut NumberText::new())));
    }
    source.string(value).unwrap_or(Span::ABSENT)
}

/// Appends the pairs of a map from client keys to app ids; says how many there were.
fn app_keys(
    source: &mut Source<'_>,
    writer: &mut Writer,
    sections: &Sections,
    name: &str,
) -> Read<Option<u32>> {
    let keys = sections.read(source, name, &APP_IDS)?;
    if keys.is_absent() {
        return Ok(None);
    }
    let mut count: u32 = 0;
    source.members(keys, &mut |source, key, value| {
        let app = app_id(source, value);
        if !app.is_absent() {
            pair(source, writer, Section::AppIds, key, app);
            count = count.wrapping_add(1);
        }
    });
    Ok(Some(count))
}

fn pair(source: &Source<'_>, writer: &mut Writer, section: Section, first: Span, second: Span) {
    let mut row = RowBytes::new();
    row.u32(writer.text(source, first))
        .u32(writer.text(source, second));
    writer.put(section, row.bytes());
}

/// `experiment_to_layer` (v2), or `layers` turned around (v1).
fn experiment_layers(
    source: &mut Source<'_>,
    writer: &mut Writer,
    sections: &Sections,
) -> Read<()> {
    let section = Section::ExperimentLayers;
    if writer.v1 {
        let layers = sections.read(source, "layers", &ANY_MAP)?;
        source.members(layers, &mut |source, layer, experiments| {
            source.elements(experiments, &mut |source, experiment| {
                if let Some(experiment) = source.string(experiment) {
                    pair(source, writer, section, experiment, layer);
                }
            });
        });
        return Ok(());
    }
    let layers = sections.read(source, "experiment_to_layer", &LAYERS)?;
    source.members(layers, &mut |source, experiment, layer| {
        let layer = source.string(layer).unwrap_or(Span::ABSENT);
        pair(source, writer, section, experiment, layer);
    });
    Ok(())
}
