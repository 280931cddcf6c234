import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.anserini.analysis.DefaultEnglishAnalyzer;
import io.anserini.search.SearchCollection;
import io.anserini.search.SimpleSearcher;
import io.anserini.search.query.BagOfWordsQueryGenerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.FSDirectory;

/** Queries per second of Lucene on one thread: arguments INDEX, REQUEST (JSON: queries by name, limits, seconds). Prints JSON. */
public class LuceneBench {
  private interface Search {
    void run(String query, int limit) throws Exception;
  }

  public static void main(String[] args) throws Exception {
    IndexSearcher.setMaxClauseCount(1 << 20);
    ObjectMapper json = new ObjectMapper();
    JsonNode request = json.readTree(Files.readAllBytes(Path.of(args[1])));
    IndexSearcher lucene = new IndexSearcher(DirectoryReader.open(FSDirectory.open(Path.of(args[0]))));
    lucene.setSimilarity(new BM25Similarity(1.2f, 0.75f));
    SimpleSearcher anserini = new SimpleSearcher(args[0]);
    anserini.set_bm25(1.2f, 0.75f);
    Analyzer analyzer = DefaultEnglishAnalyzer.newDefaultInstance();
    BagOfWordsQueryGenerator generator = new BagOfWordsQueryGenerator();
    // Ranking alone, and what Pyserini calls, which also fetches the stored documents.
    Search ranking = (query, limit) ->
        lucene.search(generator.buildQuery("contents", analyzer, query), limit, SearchCollection.BREAK_SCORE_TIES_BY_DOCID, true);
    Search pyserini = (query, limit) -> anserini.search(query, limit);
    var result = json.createObjectNode();
    for (JsonNode set : request.get("sets")) {
      List<String> queries = new ArrayList<>();
      for (JsonNode query : set.get("queries")) queries.add(query.asText());
      for (JsonNode limit : request.get("limits")) {
        String key = set.get("name").asText() + " " + limit.asInt();
        double seconds = request.get("seconds").asDouble();
        result.putObject(key).put("lucene", rate(ranking, queries, limit.asInt(), seconds)).put("pyserini", rate(pyserini, queries, limit.asInt(), seconds));
      }
    }
    System.out.println(json.writeValueAsString(result));
  }

  private static double rate(Search search, List<String> queries, int limit, double seconds) throws Exception {
    for (int i = 0; i < Math.min(300, queries.size()); i++) search.run(queries.get(i), limit);
    long start = System.nanoTime();
    int count = 0;
    while (System.nanoTime() - start < seconds * 1e9) search.run(queries.get(count++ % queries.size()), limit);
    return count / ((System.nanoTime() - start) / 1e9);
  }
}
