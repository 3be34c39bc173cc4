//! The payload's own fields (`evaluation.md` §1.3).

use super::outline::Sections;
use super::read::{ANY_MAP, ANYTHING, Field, Is, no_parts, value};
use super::row::Column;
use super::source::{Read, Source, Span};
use super::writer::Writer;
use crate::json::{Kind, Scanner};
use crate::number::{NumberText, number_text, parse_float};
use crate::table::{HASHED_KEYS, PLAIN_KEYS, SamplingMode, Section};

static TEXT: Field = Field::each(Is::Text).nullable().lenient();
static APP_ID: Field = Field::each(Is::Checked(check_app_id)).nullable();
static NUMBERS: Field = Field::each(Is::Map(&NUMBER)).nullable();
static NUMBER: Field = Field::each(Is::Number);
static FLAGS: Field = Field::each(Is::Map(&FLAG)).nullable();
static FLAG: Field = Field::each(Is::Bool);
static APP_IDS: Field = Field::each(Is::Map(&APP_ID_OF_KEY)).nullable();
static APP_ID_OF_KEY: Field = Field::each(Is::Checked(check_app_id));
static LAYERS: Field = Field::each(Is::Map(&LAYER));
static LAYER: Field = Field::each(Is::Text);

/// App id, company id, default environment, checksum, SDK configs, session replay, ID lists, diagnostics; in between and behind
/// them what is not a field, numbers of 64 bits in two.
static COLUMNS: [Column; 19] = [
    Column::Text(0),
    Column::Text(1),
    Column::Text(2),
    Column::Text(3),
    Column::Value(4),
    Column::Value(5),
    Column::List(6),
    Column::Given(1),
    Column::Given(1),
    Column::Given(2),
    Column::Value(7),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(8),
];

pub(super) fn write(source: &mut Source<'_>, writer: &mut Writer, sections: &Sections) -> Read<()> {
    let diagnostics = sections.read(source, "diagnostics", &NUMBERS)?;
    sections.read(source, "sdk_flags", &FLAGS)?;
    let sdk_configs = sections.read(source, "sdk_configs", &ANY_MAP)?;
    let app = sections.read(source, "app_id", &APP_ID)?;
    let mut fields = [Span::ABSENT; 8];
    let names = ["", "company_id", "default_environment", "checksum"];
    for (text, name) in fields.iter_mut().zip(names).skip(1) {
        *text = sections.read(source, name, &TEXT)?;
        if text.is_absent() && !is_null(source, sections.get(name)) {
            // Of another type.
            *text = Span::between(0, 0);
        }
    }
    let [app_id_text, _, _, _, configs, replay, id_lists, numbers] = &mut fields;
    *app_id_text = app_id(source, app);
    (*configs, *numbers) = (sdk_configs, diagnostics);
    *id_lists = sections.read(source, "id_lists", &ANY_MAP)?;
    *replay = sections.get("session_replay_info");
    if is_null(source, *replay) {
        *replay = Span::ABSENT;
    }
    let configs = SdkConfigs::read(source, sdk_configs);
    let plain = app_keys(source, writer, sections, "sdk_keys_to_app_ids")?;
    let hashed = app_keys(source, writer, sections, "hashed_sdk_keys_to_app_ids")?;
    let key = |keys: Option<u32>, key: u8| keys.map_or(0, |_| key);
    let keys = key(hashed, HASHED_KEYS) | key(plain, PLAIN_KEYS);
    let [special, dedupe, sampling] = configs.numbers;
    let high = |number: u64| (number >> 32) as u32;
    let given = [
        u32::from(configs.sampling_mode as u8),
        keys.into(),
        0,
        0,
        special as u32,
        high(special),
        dedupe as u32,
        high(dedupe),
        sampling as u32,
        high(sampling),
        plain.unwrap_or(0),
    ];
    writer.row(source, Section::Meta, &COLUMNS, &fields, &given);
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
        let mut walk = source.walk(configs);
        while let Some((name, value)) = walk.next(source) {
            if source.is(name, "sampling_mode") {
                let mode = source.string(value).unwrap_or(Span::ABSENT);
                read.sampling_mode = match source.bytes(mode) {
                    b"on" => SamplingMode::On,
                    b"shadow" => SamplingMode::Shadow,
                    _ => SamplingMode::Off,
                };
            }
            let known = NUMBERS_OF_SDK_CONFIGS.iter().zip(&mut read.numbers);
            for (known, number) in known {
                if source.is(name, known) {
                    // As the core reads them: a number or a string that is one, without its fraction. Others are ignored.
                    let text = match source.kind(value) {
                        Kind::Number => Some(value),
                        _ => source.string(value),
                    };
                    let value = text.and_then(|text| parse_float(source.text(text)));
                    *number = value.map_or(0, |value| (value as u64).saturating_add(1));
                }
            }
        }
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
    let mut walk = source.walk(keys);
    while let Some((key, value)) = walk.next(source) {
        let app = app_id(source, value);
        if !app.is_absent() {
            pair(source, writer, Section::AppIds, key, app);
            count = count.wrapping_add(1);
        }
    }
    Ok(Some(count))
}

fn pair(source: &Source<'_>, writer: &mut Writer, section: Section, first: Span, second: Span) {
    for text in [first, second] {
        let text = writer.text(source, text);
        writer.put(section, text.into(), 4);
    }
}

/// `experiment_to_layer` (v2), or `layers` turned around (v1).
fn experiment_layers(
    source: &mut Source<'_>,
    writer: &mut Writer,
    sections: &Sections,
) -> Read<()> {
    let layers = match writer.v1 {
        true => sections.read(source, "layers", &ANY_MAP)?,
        false => sections.read(source, "experiment_to_layer", &LAYERS)?,
    };
    let section = Section::ExperimentLayers;
    let mut walk = source.walk(layers);
    while let Some((name, value)) = walk.next(source) {
        if !writer.v1 {
            let layer = source.string(value).unwrap_or(Span::ABSENT);
            pair(source, writer, section, name, layer);
            continue;
        }
        let mut walk = source.walk(value);
        while let Some((_, experiment)) = walk.next(source).filter(|_| !walk.of_object) {
            if let Some(experiment) = source.string(experiment) {
                pair(source, writer, section, experiment, name);
            }
        }
    }
    Ok(())
}
