use super::*;
use crate::testing::{describe, inspect, survives};

fn document(inside: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?>\n<PMML version=\"4.4\" xmlns=\"http://www.dmg.org/PMML-4_4\">\
         <Header><Application name=\"Rattle/PMML\" version=\"1.4\"/></Header>\
         <DataDictionary><DataField name=\"y\" optype=\"continuous\"/></DataDictionary>{inside}\
         <TreeModel modelName=\"t\" functionName=\"classification\"><Node score=\"&amp;a\"/></TreeModel></PMML>"
    )
    .into_bytes()
}

fn found(inside: &str) -> Vec<&'static str> {
    inspect(&Pmml, "m.pmml", document(inside)).rules()
}

#[test]
fn an_ordinary_model_is_described() {
    let outcome = inspect(
        &Pmml,
        "m.xml",
        document(
            "<MiningBuildTask><Extension name=\"repr\">PMMLPipeline(steps=[(\"c\", LR())])</Extension></MiningBuildTask>",
        ),
    );
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec![]));
    assert!(outcome.inspection.coverage.is_complete());
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model.producer.as_deref(), Some("Rattle/PMML 1.4"));
    assert_eq!(model.architecture.as_deref(), Some("TreeModel"));
    assert_eq!(describe(&Pmml, "m.pmml", document("")).sections[1].rows.len(), 1);
}

#[test]
fn code_is_looked_for_in_extensions_only() {
    for inside in [
        "<Extension name=\"x\">import os; os.system('x')</Extension>",
        "<Extension name=\"x\" value=\"javascript:x()\"/>",
        "<Extension><a><script>1</script></a></Extension>",
        "<Extension library=\"libx.so\"/>",
        "<x implementation=\"a.B\"/>",
    ] {
        assert_eq!(found(inside), ["pmml/code-in-extension"], "{inside}");
    }
    assert_eq!(found("<Header description=\"exec(os.system)\"/>"), [] as [&str; 0]);
}

#[test]
fn functions_named_after_classes_are_found_unless_the_model_defines_them() {
    let apply = |name: &str| format!("<Apply function=\"{name}\"/><Apply function=\"{name}\"/>");
    assert_eq!(found(&apply("com.example.Evil")), ["pmml/java-function"]);
    assert_eq!(found(&apply("org.jpmml.evaluator.functions.X")), [] as [&str; 0]);
    assert_eq!(found(&apply("+")), [] as [&str; 0]);
    assert_eq!(found(&format!("<DefineFunction name=\"my.f\"/>{}", apply("my.f"))), [] as [&str; 0]);
}

#[test]
fn files_written_as_text_become_members() {
    let outcome = inspect(&Pmml, "m.pmml", document("<a>gASVBQAAAAAAAACMAWGULg==</a>"));
    assert_eq!((outcome.rules(), outcome.children.len()), (vec!["pmml/hidden-payload"], 1));
}

#[test]
fn damage_is_survived() {
    survives(&Pmml, "m.pmml", &document("<Extension>exec(1)</Extension><Apply function=\"a.b\"/>"));
}
